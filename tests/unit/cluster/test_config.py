"""Configuration: sources, precedence, and messages that say what to do."""

from pathlib import Path

import pytest

from konik.cluster.config import ConfigurationError, load

FILE = """
cluster_id = "test"
node = "a"
data_dir = "{directory}"

[members.a]
peer = "127.0.0.1:7001"
client = "127.0.0.1:2023"

[members.b]
peer = "127.0.0.1:7002"
client = "127.0.0.1:2024"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "konik.toml"
    path.write_text(FILE.format(directory=tmp_path / "data"))
    return path


def test_the_file_is_enough(file: Path) -> None:
    config = load(file)
    assert config.node == "a" and str(config.me.client) == "127.0.0.1:2023" and sorted(config.members) == ["a", "b"]


def test_the_example_for_three_machines_is_a_configuration(tmp_path: Path) -> None:
    example = (Path(__file__).parents[3] / "deploy" / "systemd" / "konik.toml").read_text()
    for name in ("ca.pem", "konik-1.pem", "konik-1.key"):
        (tmp_path / name).touch()
    file = tmp_path / "konik.toml"
    file.write_text(example.replace("/etc/konik/tls", str(tmp_path)))
    config = load(file)
    assert sorted(config.members) == ["konik-1", "konik-2", "konik-3"]
    assert config.tls is not None and config.log_format == "json"


def test_the_environment_wins_over_the_file_and_flags_win_over_both(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONIK_NODE", "b")
    assert load(file).node == "b"
    assert load(file, node="a").node == "a"


def test_everything_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONIK_CLUSTER_ID", "test")
    monkeypatch.setenv("KONIK_NODE", "a")
    monkeypatch.setenv("KONIK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KONIK_MEMBERS", '{"a": {"peer": "127.0.0.1:7001", "client": "127.0.0.1:2023"}}')
    assert load().me.peer.port == 7001


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"node": "z"}, "not among the members (a, b)"),
        ({"node": "n" * 64}, "at most 63 characters"),
        ({"listen": "nonsense"}, "write HOST:PORT"),
        ({"listen": "127.0.0.1:99999"}, "less than or equal to 65535"),
        ({"heartbeat_s": 1.0}, "heartbeat_s < min_election_timeout_s"),
        ({"colour": "green"}, "colour is no setting: is it misspelt?"),
        ({"tls": {"ca": "/nowhere", "certificate": "/nowhere", "key": "/nowhere"}}, "there is no file /nowhere"),
        ({"client_tls": {"certificate": "/nowhere", "key": "/nowhere"}}, "client_tls.key: there is no file /nowhere"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_wrong_setting_is_refused_with_what_to_do(file: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(file, **change)
    assert message in str(refused.value)


def test_what_is_missing_is_named_with_every_way_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load()
    assert "cluster_id is missing: set it in the file, as KONIK_CLUSTER_ID or, if there is one" in str(refused.value)


def test_nodes_on_a_network_need_tls(file: Path) -> None:
    file.write_text(file.read_text().replace("127.0.0.1:7002", "10.0.0.2:7002"))
    with pytest.raises(ConfigurationError, match="mutual TLS"):
        load(file)


def test_two_members_at_one_address_are_refused(file: Path) -> None:
    file.write_text(file.read_text().replace("127.0.0.1:7002", "127.0.0.1:7001"))
    with pytest.raises(ConfigurationError, match="same peer address"):
        load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no configuration file .*nothing\.toml"):
        load(tmp_path / "nothing.toml")


def test_a_nested_setting_is_named_as_its_variable_is(file: Path) -> None:
    file.write_text(file.read_text().replace('client = "127.0.0.1:2023"', ""))
    with pytest.raises(ConfigurationError, match=r"members\.a\.client is missing: .* as KONIK_MEMBERS__A__CLIENT"):
        load(file)


def test_a_file_that_is_no_toml_is_refused_with_the_place(file: Path) -> None:
    file.write_text("cluster_id = what?\n")
    with pytest.raises(ConfigurationError, match=r"konik\.toml is no TOML: .*line 1"):
        load(file)


def test_a_variable_that_cannot_be_read_is_refused_with_its_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONIK_MEMBERS", "{")
    with pytest.raises(ConfigurationError, match='"members".* write tables as JSON'):
        load(file)


@pytest.mark.parametrize("peer", ["0.0.0.0:7001", "10.0.0.1:7001"])
def test_a_node_that_others_can_reach_needs_tls_even_if_it_is_alone(tmp_path: Path, peer: str) -> None:
    members = {"a": {"peer": peer, "client": "127.0.0.1:2023"}}
    with pytest.raises(ConfigurationError, match=f"can reach the peer addresses {peer}"):
        load(cluster_id="c", node="a", data_dir=tmp_path, members=members)


def test_what_listens_to_others_needs_tls(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"0\.0\.0\.0:7001"):
        load(file, peer_listen="0.0.0.0:7001")
