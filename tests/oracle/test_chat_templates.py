"""Chats through templates: ours against Hugging Face's own renderer, byte for byte.

The templates are in the shapes that models have, or use one thing of Jinja each. Where ours cannot
do what Jinja2 does, it refuses: those cases are here too, so that docs/decisions.md stays true.
"""

import json
import os
import subprocess
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from transformers.utils import chat_template_utils
from transformers.utils.chat_template_utils import render_jinja_template

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("ACTOGRAM_BUILD", "build/release") / "bin/dump_chat"
TOKENS: dict[str, Any] = {"bos_token": "<s>", "eos_token": "</s>"}
Chat = list[dict[str, str]]


def turns(*contents: str, system: str | None = None) -> Chat:
    chat = [] if system is None else [{"role": "system", "content": system}]
    for i, content in enumerate(contents):
        chat.append({"role": ("user", "assistant")[i % 2], "content": content})
    return chat


CHATS = {
    "plain": turns("Hi", "Hello!"),
    "system": turns("Hi", "Hello!", "And?", system="Be brief."),
    "blanks": turns("  \n two \t\n", " ", "\r\n x\r", system=" s "),
    "python_blanks": turns("\u3000全角\u3000", "\u00a0x\u2003\x1c\x85", "\u200bkept\ufeff"),
    "empty": turns("", "", ""),
    "unicode": turns("½ ² 👩‍👩‍👧‍👦 🏳️‍🌈 é e\u0301 日本語", "Zażółć gęślą", "\U0010ffff"),
    "markup": turns("<|im_end|>\n<|im_start|>system", "<s>[INST] {{ bos_token }} {% if %}", "</s>"),
    "json": turns('"quotes" \\ back \t tab \x07 \x7f </b> &', "{'a': 1}", "line\nline\n\n"),
    "think": turns("q", "<think>\nwhy\n</think>\n\nbecause", "more"),
    "nul": turns("a\0b"),
    "long": turns(*(f"turn {i} " * 50 for i in range(101))),
}

CHATML = """\
{% for message in messages %}
{%- if loop.first and message['role'] != 'system' %}
{{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
{%- endif %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
LLAMA3 = """\
{{- bos_token }}
{#- A note, with -#}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if tools is not none and not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday: " ~ date_string ~ "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'
            + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {{- message.tool_calls | tojson }}
    {%- endif %}
{%- endfor %}
"""
MISTRAL = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- set ns = namespace(index=0) %}
{%- for message in loop_messages %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
        {{- raise_exception("roles must alternate") }}
    {%- endif %}
    {%- set ns.index = ns.index + 1 %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- else %}
        {{- raise_exception("no such role: " + message["role"]) }}
    {%- endif %}
{%- endfor %}
"""
GEMMA = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("turns must take turns") }}
    {%- endif -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}
"""
QWEN3 = """\
{%- set ns = namespace(multi_step=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and message.content is string
        and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- set reasoning = '' %}
    {%- if message.role == 'assistant' and '</think>' in content %}
        {%- set reasoning = content.split('</think>')[0].rstrip('\\n') %}
        {%- set reasoning = reasoning.split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' ~ message.role }}
    {%- if loop.index0 > ns.last or (loop.last and reasoning) or reasoning %}
        {{- '\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' }}
    {%- endif %}
    {{- '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
"""
MACROS = """\
{% macro turn(role, text, end='<end>') -%}
<{{ role }}>{{ text | trim }}{{ end }}
{%- endmacro %}
{% macro nested(n) %}{% if n > 0 %}({{ nested(n - 1) }}){% endif %}{% endmacro %}
{% for m in messages %}{{ turn(m.role, m.content) }}{{ turn(m.role, '', end='!') }}{% endfor %}
{{ nested(7) }}
"""

# Each uses one thing; `m` is a message, `ms` all of them.
SNIPPETS = {
    "loop": "{% for m in ms %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}"
    "{{ loop.last }}{{ loop.length }}{{ loop.previtem.role if not loop.first }}|{% endfor %}",
    "loop_else": "{% for m in ms if m.role == 'nobody' %}x{% else %}none{% endfor %}",
    "loop_if": "{% for m in ms if m.role == 'user' %}{{ loop.index }}{{ m.content }}{% endfor %}",
    "loop_break": "{% for m in ms %}{% if loop.index > 2 %}stop{% break %}{% endif %}a{% endfor %}",
    "loop_continue": "{% for m in ms %}{% if m.role == 'user' %}u{% continue %}{% endif %}a"
    "{% else %}never{% endfor %}",
    "loop_scope": "{% set seen = false %}{% for m in ms %}{{ seen }}{% set seen = true %}"
    "{% endfor %}"
    "{{ seen }}",
    "loop_scope_inner": "{% for m in ms %}{{ x is defined }}{% set x = m.role %}{{ x }}"
    "{% endfor %}",
    "loop_dict": "{% for k, v in ms[0].items() %}{{ k }}={{ v }};{% endfor %}"
    "{% for k in ms[0] %}{{ k }}{% endfor %}",
    "namespace": "{% set ns = namespace(n=0, s='') %}{% for m in ms %}{% set ns.n = ns.n + 1 %}"
    "{% set ns.s = ns.s ~ m.role[0] %}{% endfor %}{{ ns.n }}{{ ns.s }}",
    "set_block": "{% set x %} {{ m.content }} {% endset %}[{{ x }}][{{ x | trim }}]",
    "set_tuple": "{% set a, b = 1, 'two' %}{{ b }}{{ a }}",
    "filters_text": "[{{ m.content | trim }}][{{ m.role | upper }}][{{ m.role | capitalize }}]"
    "[{{ 'AB c' | lower }}][{{ m.role | length }}]",
    "filters_default": "{{ nothing | default('d') }}{{ '' | default('e') }}"
    "{{ '' | default('f', true) }}"
    "{{ none | default('g') }}",
    "filters_list": "{{ ms | map(attribute='role') | join(', ') }}|{{ ms | length }}|"
    "{{ (ms | first).role }}|{{ (ms | last).role }}",
    "filters_select": "{{ ms | selectattr('role', 'equalto', 'user') | list | length }}"
    "{{ ms | rejectattr('role', 'equalto', 'user') | map(attribute='content') | join('+') }}",
    "tojson": "{{ ms | tojson }}\n{{ ms[0] | tojson(indent=2) }}\n{{ m.content | tojson }}"
    "{{ [1, 0.5, none, true, {'a': []}] | tojson }}",
    "strings": "{{ m.content.strip() }}|{{ m.content.startswith('H') }}|"
    "{{ m.content.endswith('!') }}|"
    "{{ m.content.split('\n') | join('/') }}|{{ m.content.replace('\n', '~') }}|"
    "{{ m.role.upper() }}|{{ m.role.title() }}",
    "split": "{{ m.content.split() | join('/') }}|{{ 'a b  c'.split(' ') | join('/') }}|"
    "{{ 'a,b,c'.split(',', 1) | join('/') }}|{{ 'a,b,c'.rsplit(',', 1)[0] }}",
    "strip": "[{{ m.content.lstrip() }}][{{ m.content.rstrip() }}][{{ 'é日é'.strip('é') }}]"
    "[{{ 'xxaxx'.strip('x') }}]",
    "slices": "{% for x in ms[1:] %}{{ x.role }}{% endfor %}|{% for x in ms[:-1] %}{{ x.role }}"
    "{% endfor %}|{% for x in ms[::-1] %}{{ x.role }}{% endfor %}|{{ ms[-1].role }}",
    "characters": "{{ m.content[0] }}|{{ m.content[-1] }}|{{ m.content[1:3] }}|"
    "{{ m.content[::-1] }}|"
    "{{ m.content | length }}|{{ m.content[:-2] }}",
    "tests": "{{ m is defined }}{{ zz is defined }}{{ tools is defined }}{{ tools is none }}"
    "{{ m.content is string }}{{ m is mapping }}{{ ms is iterable }}{{ 3 is number }}{{ 3 is odd }}"
    "{{ m.nothing is defined }}{{ 'role' in m }}{{ 'x' not in m }}{{ true is boolean }}",
    "inline_if": "{{ 'a' if m.role == 'user' else 'b' }}{{ 'c' if false }}"
    "{{ 'd' if false else 'e' if false else 'f' }}",
    "printed": "{{ none }}{{ true }}{{ 1 }}{{ 1.0 }}{{ 1 / 3 }}{{ 100000 * 1.0 }}"
    "{{ ['a', 1, none] }}"
    "{{ nothing }}{{ {'a': 0.5} }}{{ (1, 'x') }}{{ 7 % 3 }}{{ -7 % 3 }}",
    "concat": "{{ 'a' ~ 1 ~ none ~ nothing ~ true }}{{ 'a' + 'b' }}{{ 'ab' * 3 }}"
    "{{ ('a' ~ 'b')|title }}",
    "logic": "{{ '' or 'x' }}{{ 'y' and 0 }}{{ not 1 == 2 }}{{ 1 < 2 and 2 >= 2 }}"
    "{{ 1 in [1, 2] }}",
    "blocks": "a\n  {% if true %}\n  b\n  {%- endif %}\nc {%- if true -%} d "
    "{% endif %}\n\n{# n #}\ne",
    "first_character": "x{% if true %}y{% endif %}",
    "first_blank": "  {% if true %}y{% endif %}",
    "dict_braces": "{{ {'a': {'b': 1}}.a.b }}{{ {'k': m.role}['k'] }}{{ ms[0].get('zz', 'no') }}",
    "comment": "a{#- x -#} b{# {% if %} #}\nc",
    "escapes": "{{ 'a\\n\\t\\'b\\\\' }}{{ \"it's\" }}",
    "range": "{% for i in range(2, 9, 3) %}{{ i }}{% endfor %}{% for i in range(3) %}{{ i }}"
    "{% endfor %}",
    "call": "{% macro w(x) %}<{{ x }}:{{ caller() }}>{% endmacro %}{% call w('q') %}in"
    "{% endcall %}",
    "indent": "{{ 'a\nb\n\nc' | indent(2) }}{{ 'a\nb' | indent(2, true) }}",
    "generation": "{% generation %}{{ m.content }}{% endgeneration %}!",
    "elif": "{% if m.role == 'a' %}1{% elif m.role == 'user' %}2{% else %}3{% endif %}",
    "date": "{{ strftime_now('%d %b %Y, %A, day %j') }}",
    "trailing": "x\n\n",
}
MODELS = {
    "chatml": CHATML,
    "llama3": LLAMA3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "qwen3": QWEN3,
    "macros": MACROS,
}
PREFIX = "{% set ms = messages %}{% set m = messages[-1] %}"
TEMPLATES = MODELS | {
    name: PREFIX + text if not name.startswith(("first_", "blocks")) else text
    for name, text in SNIPPETS.items()
}


def ours(cases: list[dict[str, Any]]) -> list[dict[str, str]]:
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    result = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def our(template: str, chat: Chat) -> dict[str, str]:
    return ours([{"template": template, "messages": chat, "tokens": TOKENS}])[0]


def theirs(template: str, chat: Chat) -> str | None:
    """None where Jinja2 refuses."""
    try:
        rendered: Any = render_jinja_template([chat], chat_template=template, **TOKENS)
    except Exception:  # of Jinja2 or of Python, as the template has it
        return None
    text: str = rendered[0][0]
    return text


class Day(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Day":
        return cls(2024, 7, 26, tzinfo=tz)


@pytest.fixture(autouse=True)
def _the_day_of_all_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template_utils, "datetime", Day)


@pytest.mark.parametrize("name", TEMPLATES)
def test_renders_as_transformers_does(name: str) -> None:
    template = TEMPLATES[name]
    cases = [{"template": template, "messages": c, "tokens": TOKENS} for c in CHATS.values()]
    rendered = 0
    for chat_name, found in zip(CHATS, ours(cases), strict=True):
        expected = theirs(template, CHATS[chat_name])
        assert found.get("text") == expected, f"{chat_name}: {found}"
        rendered += expected is not None
    assert rendered > len(CHATS) // 2


# What Jinja2 renders and ours does not: it says so.
REFUSED = {
    "raw": "{% raw %}{{ x }}{% endraw %}",
    "plus": "{%+ if true %}x{% endif %}",
    "floor_division": "{{ 7 // 2 }}",
    "power": "{{ 2 ** 3 }}",
    "text_order": "{{ 'a' < 'b' }}",
    "case_outside_ascii": "{{ 'é' | upper }}",
    "percent_format": "{{ '%s' % 'x' }}",
    "map_filter": "{{ ['a'] | map('upper') | join }}",
    "string_join": "{{ 'abc' | join('-') }}",
    "for_over_text": "{% for c in 'abc' %}{{ c }}{% endfor %}",
    "unicode_escape": "{{ '\\u00e9' }}",
    "with": "{% with x = 1 %}{{ x }}{% endwith %}",
    "escape": "{{ '<' | e }}",
    "escaped_text_in_list": "{{ ['\\n'] }}",
    "replace_count": "{{ 'aaa'.replace('a', 'b', 1) }}",
    "cycle": "{% for m in messages %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "missing_argument": "{% macro f(x) %}{{ x }}{% endmacro %}{{ f() }}",
    "function_kept": "{% macro f() %}{% endmacro %}{% set ns = namespace() %}{% set ns.f = f %}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_cannot_do_it_refuses(name: str) -> None:
    assert theirs(REFUSED[name], CHATS["plain"]) is not None
    assert "error" in our(REFUSED[name], CHATS["plain"])


# What Jinja2 refuses, ours refuses, too.
BOTH_REFUSE = {
    "member_of_undefined": "{{ nothing.at.all }}",
    "none_plus": "{{ 'a' + none }}",
    "undefined_plus": "{{ 'a' + nothing }}",
    "call_of_undefined": "{{ nothing() }}",
    "append": "{% set l = [] %}{% set _ = l.append(1) %}",
    "divide_by_zero": "{{ 1 / 0 }}",
    "modulo_zero": "{{ 1 % 0 }}",
    "divisible_by_zero": "{{ 1 is divisibleby(0) }}",
    "undefined_to_json": "{{ nothing | tojson }}",
    "no_end": "{% if true %}",
    "no_such_filter": "{{ 'a' | frobnicate }}",
    "no_such_test": "{{ 'a' is frobnicated }}",
}


@pytest.mark.parametrize("name", BOTH_REFUSE)
def test_both_refuse(name: str) -> None:
    assert theirs(BOTH_REFUSE[name], CHATS["plain"]) is None
    assert "error" in our(BOTH_REFUSE[name], CHATS["plain"])


def test_errors_name_model_place_and_reason() -> None:
    found = our("{# a #}\n{{ raise_exception('no tools, please') }}", CHATS["plain"])
    assert found == {"error": "model.gguf: chat template: line 2, column 19: no tools, please"}
    found = our("{% if %}", CHATS["plain"])
    assert found["error"].startswith("model.gguf: chat template: ")
    assert "\n" not in found["error"]
