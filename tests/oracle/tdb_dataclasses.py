"""The Transformer Debugger's dataclasses and how its loads() makes them of JSON, written from the
description of their rules: classes by name, else by their fields; old names; unknown or missing
fields are errors."""

import json
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

NAN = float("nan")


@dataclass
class NeuronId:
    layer_index: int
    neuron_index: int
    renamed = {"idx": "neuron_index", "layer": "layer_index"}

    def __post_init__(self) -> None:
        self.layer_index = int(self.layer_index)


@dataclass
class ActivationRecord:
    tokens: list[str]
    activations: list[float]


@dataclass
class NeuronRecord:
    neuron_id: NeuronId
    random_sample: list[ActivationRecord] = field(default_factory=list)
    random_sample_by_quantile: list[list[ActivationRecord]] | None = None
    quantile_boundaries: list[float | None] | None = None
    mean: float | None = NAN
    variance: float | None = NAN
    skewness: float | None = NAN
    kurtosis: float | None = NAN
    most_positive_activation_records: list[ActivationRecord] = field(default_factory=list)

    @property
    def max_activation(self) -> float:
        return max(max(r.activations) for r in self.most_positive_activation_records)

    def splits(self, n: int) -> dict[str, list[ActivationRecord]]:
        """Train, calibration, valid and test, n of each kind."""
        top, random = self.most_positive_activation_records, self.random_sample
        assert len(top) >= 4 * n
        assert len(random) >= 3 * n
        found = {"train": top[0 : 4 * n : 4]}
        for i, name in enumerate(["calibration", "valid", "test"]):
            found[name] = top[i + 1 : 4 * n : 4] + random[i : 3 * n : 3]
        return found


@dataclass
class SequenceSimulation:
    tokens: list[str]
    expected_activations: list[float]
    activation_scale: str
    distribution_values: list[list[float]]
    distribution_probabilities: list[list[float]]
    uncalibrated_simulation: "SequenceSimulation | None" = None
    renamed = {"unit": "activation_scale"}
    deleted = ("response",)


@dataclass
class ScoredSequenceSimulation:
    sequence_simulation: SequenceSimulation
    true_activations: list[float]
    ev_correlation_score: float | None
    rsquared_score: float | None
    absolute_dev_explained_score: float | None
    renamed = {"simulation": "sequence_simulation"}


@dataclass
class ScoredSimulation:
    scored_sequence_simulations: list[ScoredSequenceSimulation]
    ev_correlation_score: float | None = None
    rsquared_score: float | None = None
    absolute_dev_explained_score: float | None = None


@dataclass
class ScoredExplanation:
    explanation: str
    scored_simulation: ScoredSimulation
    renamed = {"explanation_or_baseline": "explanation"}


@dataclass
class NeuronSimulationResults:
    neuron_id: NeuronId
    scored_explanations: list[ScoredExplanation]
    renamed = {"scored_explanation_or_baseline_list": "scored_explanations"}


@dataclass
class AttentionSimulation:
    tokens: list[str]
    token_pair_coords: list[int]
    token_pair_label: int
    simulation_prediction: float


@dataclass
class ScoredAttentionSimulation:
    attention_simulations: list[AttentionSimulation]
    roc_auc_score: float | None


@dataclass
class ScoredAttentionExplanation:
    explanation: str
    scored_attention_simulation: ScoredAttentionSimulation


@dataclass
class AttentionSimulationResults:
    attention_head_id: NeuronId
    scored_explanations: list[ScoredAttentionExplanation]
    renamed = {"attention_id": "attention_head_id"}


CLASSES = [
    NeuronId,
    ActivationRecord,
    NeuronRecord,
    SequenceSimulation,
    ScoredSequenceSimulation,
    ScoredSimulation,
    ScoredExplanation,
    NeuronSimulationResults,
    AttentionSimulation,
    ScoredAttentionSimulation,
    ScoredAttentionExplanation,
    AttentionSimulationResults,
]
BY_NAME = {c.__name__: c for c in CLASSES} | {"ScoredExplanationOrBaseline": ScoredExplanation}


def names_of(wanted: Any) -> set[str]:
    return {f.name for f in fields(wanted)}


def class_of(keys: Iterable[str]) -> Any:
    """By its fields: exactly these, or else the first that has them all."""
    found = set(keys)
    renamed = {
        c: {getattr(c, "renamed", {}).get(k, k) for k in found} - set(getattr(c, "deleted", ()))
        for c in CLASSES
    }
    for c in CLASSES:
        if renamed[c] == names_of(c):
            return c
    return next(c for c in CLASSES if renamed[c] <= names_of(c))


def build(value: Any) -> Any:
    if isinstance(value, list):
        return [build(v) for v in value]
    if not isinstance(value, dict):
        return value
    name = value.get("dataclass_name")
    members = {k: v for k, v in value.items() if k != "dataclass_name"}
    wanted = BY_NAME[name] if name else class_of(members)
    renamed = getattr(wanted, "renamed", {})
    deleted = getattr(wanted, "deleted", ())
    members = {renamed.get(k, k): build(v) for k, v in members.items() if k not in deleted}
    assert set(members) <= names_of(wanted), (wanted, set(members) - names_of(wanted))
    required = {
        f.name for f in fields(wanted) if f.default is MISSING and f.default_factory is MISSING
    }
    assert required <= set(members), (wanted, required - set(members))
    return wanted(**members)


def loads(text: str | bytes) -> Any:
    return build(json.loads(text))


def load(path: Path) -> Any:
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    return loads(lines[0]) if len(lines) == 1 else loads(path.read_bytes())
