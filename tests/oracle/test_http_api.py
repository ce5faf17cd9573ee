"""`actogram serve` against the description that it gives of itself, /api/openapi.json.

The description is held against docs/api.md, and every answer against the description: by
schemathesis, which makes up requests, good and bad, and refuses a 500, and a status or a document
that is not described.
"""

import base64
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from oracle.recordings import run
from oracle.serving import ACTOGRAM, serving
from oracle.sites import ROOT
from safetensors.numpy import save_file


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server over neurons and latents, without a slash at its end."""
    folder = tmp_path_factory.mktemp("http")
    weight = np.random.default_rng(2).standard_normal((30, 20)).astype(np.float32)
    arrays = {"encoder_linear.weight": weight, "encoder_linear.bias": np.full(30, -9, "<f4")}
    save_file(arrays, folder / "a.safetensors")
    texts = [f"text {i}, caf\u00e9 \U0001f389 " * (i % 7 + 1) for i in range(40)]
    (folder / "bytes.txt").write_bytes(b'not UTF-8: \xff\xfe, "quoted"\t\x01\r\n' * 4)
    (folder / "t.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    recording = folder / "r.acto"
    sae = ["--context", "16", "--units", "mlp,attn", "--sae", f"{folder}/a.safetensors@1.mlp"]
    files = [folder / "t.jsonl", folder / "bytes.txt"]
    run([ACTOGRAM, "record", "fake:2x20x3", *files, "-o", recording, *sae])
    with serving(recording, "--model", "fake:2x20x3") as url:
        yield url.rstrip("/")


def fetch(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.loads(answer.read())


def test_every_route_is_in_the_documentation_and_no_other(url: str) -> None:
    description = fetch(f"{url}/api/openapi.json")
    assert description["openapi"] == "3.1.0"
    page = (ROOT / "docs/api.md").read_text()
    documented = re.findall(r"^## `([A-Z]+) (/api/[^\s?`]+)(?:\?\S+)?`$", page, re.M)
    patterns = {
        path: re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(path)) + "$")
        for path in description["paths"]
    }
    for _, heading in documented:
        assert sum(p.match(heading) is not None for p in patterns.values()) == 1, heading
    for path, pattern in patterns.items():
        methods = [method.lower() for method, heading in documented if pattern.match(heading)]
        assert list(description["paths"][path]) == methods, path


def test_every_parameter_says_what_it_is(url: str) -> None:
    paths = fetch(f"{url}/api/openapi.json")["paths"]
    operations = [(path, operation) for path in paths for operation in paths[path].values()]
    required = set()
    for path, operation in operations:
        for parameter in operation["parameters"]:
            if parameter["in"] != "query":
                continue
            assert parameter["description"]
            assert parameter["schema"]["type"] in ("string", "integer", "number")
            if parameter["required"]:
                required.add((path, parameter["name"]))
    assert required == {("/api/search", "text"), ("/api/explanations", "text")}
    for path, name in required:
        with pytest.raises(urllib.error.HTTPError) as raised:
            fetch(f"{url}{path}")
        assert raised.value.code == 400
        assert json.load(raised.value)["error"]["message"].startswith(f"?{name}: ")


def test_every_document_is_as_described(url: str) -> None:
    """Of real things, which made-up addresses seldom are."""
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    recording = fetch(f"{url}/api/recording")
    addresses: list[tuple[str, dict[str, Any]]] = [
        ("/api/recording", {}),
        ("/api/openapi.json", {}),
    ]
    for path, name, value in [
        ("/api/entropy/{site}", "site", "0.mlp"),
        ("/api/feature/{address}", "address", "any/1-mlp/3"),
        ("/api/classes/{address}", "address", "0.mlp/3"),
        ("/api/partners/{address}", "address", "1.sae/3"),
        ("/api/similar/{address}", "address", "1.sae/3"),
        ("/api/documents/{document}", "document", "12"),
        ("/api/places/{place}", "place", "5/7"),
        ("/api/explanations/{address}", "address", "0.mlp/3"),
        ("/api/labels/{address}", "address", "0.mlp/3"),
    ]:
        addresses.append((path, {name: value}))
    addresses += [("/api/recordings", {}), ("/api/units", {}), ("/api/labels", {})]
    addresses += [("/api/live", {})]
    for site in recording["sites"]:
        addresses.append(("/api/sites/{site}", {"site": site["short"]}))
        for unit in range(0, site["n_units"], 7):
            address = f"{site['name']}/{unit}"
            addresses.append(("/api/units/{address}", {"address": address}))
            addresses.append(("/api/packed/{address}", {"address": address}))
    for path, parameters in addresses:
        response = schema[path]["GET"].Case(path_parameters=parameters).call()
        assert response.status_code == 200, (path, parameters)
        schema[path]["GET"].validate_response(response)
    assert len(addresses) > 10
    asked: list[tuple[str, str, dict[str, str], Any]] = [
        ("/api/labels/{address}", "PUT", {"address": "0.mlp/3"}, {"label": "x"}),
        ("/api/live/{address}", "POST", {"address": "1.attn/2"}, {"text": "caf\u00e9"}),
        ("/api/live/{address}", "POST", {"address": "1.sae/2"}, {"text": "caf\u00e9"}),
        ("/api/live", "POST", {}, {"text": "caf\u00e9"}),
    ]
    for path, method, parameters, body in asked:
        case = schema[path][method].Case(
            path_parameters=parameters, body=body, media_type="application/json"
        )
        response = case.call()
        assert response.status_code == 200, (path, response.text)
        schema[path][method].validate_response(response)


def numbers(packed: str) -> list[float | None]:
    values = np.frombuffer(base64.b64decode(packed, validate=True), "<f4")
    return [float(value) if np.isfinite(value) else None for value in values]


def unpacked(packed: dict[str, Any]) -> dict[str, Any]:
    """An exemplar as /api/units/ has it, as docs/api.md says."""
    exemplar = {
        name: packed[name] for name in ["sequence", "position", "value", "document", "window"]
    }
    values = numbers(packed["values"])
    ids = np.frombuffer(base64.b64decode(packed["ids"], validate=True), "<i4").tolist()
    n_tokens = dict(packed.get("shared", []))
    text, begin, token = packed["text"].encode(), 0, 0
    pieces: list[dict[str, Any]] = []
    for index, length in enumerate(packed["lengths"]):
        tokens = [
            {"position": packed["window"]["begin"] + i, "id": ids[i], "value": values[i]}
            for i in range(token, token + n_tokens.get(index, 1))
        ]
        pieces.append({"text": text[begin : begin + length].decode(), "tokens": tokens})
        if index in packed.get("invalid", []):
            pieces[-1]["invalid"] = True
        begin, token = begin + length, token + len(tokens)
    assert (begin, token) == (len(text), len(ids))
    assert len(ids) == len(values)
    exemplar["pieces"] = pieces
    for name in ["key", "pattern", "key_norms"]:
        if name in packed:
            exemplar[name] = packed[name] if name == "key" else numbers(packed[name])
    return exemplar


def test_packed_units_have_what_units_have(url: str) -> None:
    kinds = {"shared": 0, "invalid": 0, "pattern": 0, "several": 0}
    for site in fetch(f"{url}/api/recording")["sites"]:
        for unit in range(0, site["n_units"], 5):
            plain = fetch(f"{url}/api/units/{site['short']}/{unit}")
            packed = fetch(f"{url}/api/packed/{site['short']}/{unit}")
            exemplars = [unpacked(exemplar) for exemplar in packed.pop("exemplars")]
            for group in packed["groups"]:
                group["exemplars"] = [exemplars[index] for index in group["exemplars"]]
            kinds["several"] += sum(len(g["exemplars"]) for g in packed["groups"]) > len(exemplars)
            for exemplar in exemplars:
                kinds["shared"] += any(len(piece["tokens"]) > 1 for piece in exemplar["pieces"])
                kinds["invalid"] += any("invalid" in piece for piece in exemplar["pieces"])
                kinds["pattern"] += "pattern" in exemplar
            for sign_class in plain["sign_classes"]:
                for peaks in sign_class["peaks"].values():
                    del peaks[1:]
            assert packed == plain, (site["short"], unit)
    assert min(kinds.values()) > 0, kinds


def test_made_up_requests_are_answered_as_described(url: str, tmp_path: Path) -> None:
    """The command line's run: its phases cover boundary values and broken requests, too."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/api/openapi.json"),
        *("--max-examples", "50"),
        *("--seed", "1", "--phases", "examples,coverage,fuzzing", "--no-color"),
        *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
        *("--checks", "response_headers_conformance,response_schema_conformance"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
