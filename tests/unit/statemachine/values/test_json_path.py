import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from konik.statemachine.limits import JSON_PATH_CHARACTERS_MAX, JSON_PATH_FILTER_DEPTH_MAX
from konik.statemachine.values import json_path, json_text
from konik.statemachine.values.errors import EvaluationError
from konik.statemachine.values.json_text import Json

DOCUMENT = '{"a":{"b":1,"n":null,"s":"text","d-e":2.0,"l":[1,2,{"x":5}]},"k 1":3,"it\'s":4}'
BOOKS = """{"store": {"limit": 10, "books": [
    {"title": "A", "price": 8.95, "tags": ["x", "y"]},
    {"title": "B", "price": 12.99, "isbn": "1"},
    {"title": "C", "price": 10, "isbn": null, "tags": []}
]}}"""


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", json.loads(DOCUMENT)),
        ("$.a.b", 1),
        ("a.b", 1),
        (" $.a.b ", 1),
        ("['a'].b", 1),
        ("$.['a']['b']", 1),
        ('$["a"]["b"]', 1),
        ("$[ 'a' ]['b']", 1),
        ("$.a.n", None),
        ("$.a.zzz", None),
        ("$.zzz.y", None),
        ("$.a.b.c", None),
        ("$.a.n.c", None),
        ("$.a.l.x", None),
        ("$.a[0]", None),
        ("$.a.d-e", 2.0),
        ("$['k 1']", 3),
        ("$['it\\'s']", 4),
        ('$["it\'s"]', 4),
        ("$.a.l[0]", 1),
        ("$.a.l[-1]", {"x": 5}),
        ("$.a.l[-1].x", 5),
        ("$.a.l[3]", None),
        ("$.a.l[-4]", None),
        ("$.a.l[*]", [1, 2, {"x": 5}]),
        ("$.a.l.*", [1, 2, {"x": 5}]),
        ("$.a.*", [1, None, "text", 2.0, [1, 2, {"x": 5}]]),
        ("$.a.b.*", []),
        ("$.a.l[*].x", [5]),
        ("$.a.l[0:2]", [1, 2]),
        ("$.a.l[1:]", [2, {"x": 5}]),
        ("$.a.l[:-1]", [1, 2]),
        ("$.a.l[ 0 : 1 ]", [1]),
        ("$.a.l[-9:9]", [1, 2, {"x": 5}]),
        ("$.a.l[2:1]", []),
        ("$.a.l[0,1]", [1, 2]),
        ("$.a.l[0, -1, 7]", [1, {"x": 5}]),
        ("$.a.b[0:1]", None),
        ("$.zzz[*]", None),
        ("$.zzz[?(@.x)]", None),
        ("$.a['b','n']", {"b": 1, "n": None}),
        ("$.a['b','zzz']", {"b": 1}),
        ("$.a.l['x','y']", None),
        ("$.a.b[?(@.x)]", None),
        ("$.a[?(@.l == $.a.l)].b", [1]),
        ("$..[?(@.l[2] == $.a.l[-1])].b", [1]),
        ("$['a','zzz'].b", [1]),
        ("$..x", [5]),
        ("$..zzz", []),
        ("$..l[0]", [1]),
        ("$..[0]", [1]),
        ("$..l.length()", 1),
        ("$.a.l.length()", 3),
        ("$.a.l.size()", 3),
        ("$.a.length()", 5),
        ("$.a.s.length()", None),
        ("$.a.keys()", ["b", "n", "s", "d-e", "l"]),
        ("$.a.l.keys()", None),
        ("$.zzz.length()", None),
        ("$.a.l.sum()", 3.0),
        ("$.a.l.min()", 1.0),
        ("$.a.l.max()", 2.0),
        ("$.a.l.avg()", 1.5),
    ],
)
def test_what_a_path_leads_to(path: str, found: Json) -> None:
    assert json_text.identical(json_path.read(json_text.parse(DOCUMENT), path), found)


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ("@.price==10", "C"),
        ("@.price == 10.0", "C"),
        ("@.price != 10", "AB"),
        ("@.price<10", "A"),
        ("@.price <= 10", "AC"),
        ("@.price>10", "B"),
        ("@.price >= $.store.limit", "BC"),
        ("10 < @.price", "B"),
        ("@.isbn", "BC"),
        ("!@.isbn", "A"),
        ("@.isbn == null", "C"),
        ("@.isbn != null", "AB"),
        ("@.isbn == '1'", "B"),
        ("@.isbn == 1", ""),
        ('@.title == "A"', "A"),
        ("@['title'] == 'A'", "A"),
        ("@.title > 'A'", "BC"),
        ("@.title > 1", ""),
        ("@.price > 9 && @.price < 11", "C"),
        ("@.price < 9 || @.price > 11", "AB"),
        ("@.price < 9 || @.price > 11 && @.title == 'B'", "AB"),
        ("(@.price < 9 || @.price > 11) && @.title == 'B'", "B"),
        ("!(@.price < 9)", "BC"),
        ("@.tags", "AC"),
        ("@.tags[*]", "A"),
        ("@.tags[0] == 'x'", "A"),
        ("@.tags.length() == 2", "A"),
        ("@.tags[?(@ == 'y')]", "A"),
        ("true", "ABC"),
        ("@.price==10 && false", ""),
        ("@.price > -1e1", "ABC"),
    ],
)
def test_a_filter_keeps_what_its_condition_holds_for(condition: str, titles: str) -> None:
    assert json_path.read(json_text.parse(BOOKS), f"$.store.books[?({condition})].title") == list(titles)


def test_a_filter_on_an_object_speaks_of_the_object_itself() -> None:
    assert json_path.read({"a": {"b": 1}}, "$.a[?(@.b == 1)]") == [{"b": 1}]
    assert json_path.read({"a": {"b": 1}}, "$.a[?(@.b == 2)]") == []


def test_a_deep_filter_finds_each_object_once() -> None:
    document: Json = {"x": 1, "l": [{"x": 2}, {"y": {"x": 3}}]}
    assert json_path.read(document, "$..[?(@.x)].x") == [1, 2, 3]


def test_a_deep_scan_goes_from_the_outside_to_the_inside() -> None:
    document: Json = {"b": {"x": 2, "c": {"x": 3}}, "x": 1, "l": [{"x": 4}]}
    assert json_path.read(document, "$..x") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "path",
    [
        "",
        " ",
        "$.",
        "$.a.",
        "$..",
        "a..",
        "$.k 1",
        "$[",
        "$[]",
        "$['a'",
        "$['a",
        "$[a]",
        "$['a',]",
        "$[0,'a']",
        "$[1:2:3]",
        "$[::]",
        "$[99999999999]",
        "$.a.l.length().x",
        "$.a.l.length(1)",
        "$.a.frobnicate()",
        "$[?@.x]",
        "$[?()]",
        "$[?(@.x ==)]",
        "$[?(@.x = 1)]",
        "$[?(@.x =~ /a/)]",
        "$[?(1)]",
        "$[?(@.x && )]",
        "$[?(@.x == 1]",
        "$a b",
        "$.a*",
        "$[?(" + "!" * JSON_PATH_FILTER_DEPTH_MAX + "@.x)]",
        "$[?(@" * (JSON_PATH_FILTER_DEPTH_MAX + 1) + ")]" * (JSON_PATH_FILTER_DEPTH_MAX + 1),
        "a" * (JSON_PATH_CHARACTERS_MAX + 1),
    ],
)
def test_a_malformed_path_is_an_error(path: str) -> None:
    with pytest.raises(EvaluationError, match="Failed accessing path"):
        json_path.read(json_text.parse(DOCUMENT), path)


@pytest.mark.parametrize("path", ["$.a.s.sum()", "$.a.avg()", "$..zzz.min()"])
def test_an_aggregate_of_no_numbers_is_an_error(path: str) -> None:
    with pytest.raises(EvaluationError, match="no numbers"):
        json_path.read(json_text.parse(DOCUMENT), path)


@pytest.mark.parametrize("path", ["$..*..*..*..*..*", "$[?($..* == $..*)]", "$[?($ == $)]"])
def test_a_path_that_looks_at_too_much_is_stopped(path: str) -> None:
    with pytest.raises(EvaluationError, match="looks at more than"):
        json_path.read([[[[0] * 10] * 10] * 10 for _ in range(100)], path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a.b", {"a": {"b": "new", "l": [1, {"x": 2}]}}),
        ("$.a.zzz", {"a": {"b": 1, "l": [1, {"x": 2}], "zzz": "new"}}),
        ("$['z z']", {"a": {"b": 1, "l": [1, {"x": 2}]}, "z z": "new"}),
        ("$.a.l[0]", {"a": {"b": 1, "l": ["new", {"x": 2}]}}),
        ("$.a.l[-1].x", {"a": {"b": 1, "l": [1, {"x": "new"}]}}),
        ("$.a.l[*]", {"a": {"b": 1, "l": ["new", "new"]}}),
        ("$.a.l[*].y", {"a": {"b": 1, "l": [1, {"x": 2, "y": "new"}]}}),
        ("$.a.l[0:1]", {"a": {"b": 1, "l": ["new", {"x": 2}]}}),
        ("$.a.l[?(@.x)]", {"a": {"b": 1, "l": [1, "new"]}}),
        ("$.a.l[?(@.x)].x", {"a": {"b": 1, "l": [1, {"x": "new"}]}}),
        ("$..x", {"a": {"b": 1, "l": [1, {"x": "new"}]}}),
        ("$.a['b','c']", {"a": {"b": "new", "l": [1, {"x": 2}], "c": "new"}}),
        ("$..zzz", {"a": {"b": 1, "l": [1, {"x": 2}]}}),
    ],
)
def test_setting_what_a_path_leads_to(path: str, expected: Json) -> None:
    assert json_path.set_path(json_text.parse('{"a":{"b":1,"l":[1,{"x":2}]}}'), path, "new") == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.zzz.y", "Missing property"),
        ("$.zzz[*]", "Missing property|no such"),
        ("$.a.l[9].x", "Missing property"),
        ("$.a.b.c", "no such"),
        ("$.a.n.c", "no such"),
        ("$.a.l.x", "no such"),
        ("$.a.l[2]", "no such"),
        ("$.a.l[-1]", "no such"),
        ("$.a.b[*:1]", "unexpected"),
        ("$.a.b[0,1]", "no such"),
        ("$", "can be set"),
        ("$.a.length()", "can be set"),
        ("$.", "too early"),
    ],
)
def test_what_cannot_be_set_is_an_error(path: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=reason):
        json_path.set_path(json_text.parse('{"a":{"b":1,"n":null,"l":[1,{"x":2}]}}'), path, "new")


_KEYS = st.sampled_from(["a", "b", "c"])
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_TOKENS = st.sampled_from(
    ["$", "@", ".", "..", "a", "b", "*", "[", "]", "['a']", "['a','b']", "[0]", "[-1]", "[0,1]", "[1:]", "[*]"]
    + ["[?(", ")]", "@.a", "==", "<", "1", "'a'", "&&", "||", "!", "(", ")", ".length()", ".sum()", ".keys()", " "]
)
_PATHS = st.lists(_TOKENS, max_size=8).map("".join) | st.text(max_size=12)


@given(_DOCUMENTS, _PATHS)
def test_reading_yields_json_or_an_evaluation_error(document: Json, path: str) -> None:
    try:
        found = json_path.read(document, path)
    except EvaluationError:
        return
    assert json_text.identical(found, json_text.parse(json_text.write(found)))


@given(_DOCUMENTS, _PATHS)
def test_setting_yields_json_or_an_evaluation_error(document: Json, path: str) -> None:
    try:
        changed = json_path.set_path(json_text.parse(json_text.write([document])), path, {"new": [1]})
    except EvaluationError:
        return
    assert json_text.identical(changed, json_text.parse(json_text.write(changed)))


@given(_DOCUMENTS, st.lists(_KEYS, min_size=1, max_size=4))
def test_what_is_set_through_names_is_read_back(document: Json, names: list[str]) -> None:
    path = "$." + ".".join(names)
    try:
        changed = json_path.set_path(document, path, "new")
    except EvaluationError:
        return
    assert json_path.read(changed, path) == "new"
