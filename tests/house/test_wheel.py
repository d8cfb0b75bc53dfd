"""The built wheel works by itself, away from the tree."""

import json
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SHORT_SUITE = """
import sys
from importlib.metadata import entry_points, version
from importlib.resources import files
import konik.api.pb.service_pb2 as contract
import konik.statemachine.machine, konik.cluster.node, konik.api.server, konik.sdk, konik.bench.commands
assert len(contract.DESCRIPTOR.services_by_name["LittleHorse"].methods) == 108
commands = {point.name for point in entry_points(group="konik.commands")}
assert {"server", "dev", "bench"} <= commands, commands
for point in entry_points(group="konik.commands"):
    point.load()
assert (files("konik.api") / "proto/konik/v1/service.proto").is_file()
assert (files("konik.sdk") / "py.typed").is_file()
assert konik.statemachine.machine.__file__.startswith(sys.prefix), konik.statemachine.machine.__file__
print("the wheel works")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in filter(None, tracked):
        place = source / name.decode()
        if (ROOT / name.decode()).is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes((ROOT / name.decode()).read_bytes())
    subprocess.run([sys.executable, "-m", "build", "-q", "--wheel", "-o", folder, source], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_fresh_environment_with_the_wheel_runs_the_short_suite(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, system_site_packages=False)
    site = next((environment / "lib").glob("python3*")) / "site-packages"
    own = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for item in own.iterdir():  # what it depends on, but not the editable installation of the project itself
        if "konik" not in item.name.lower():
            (site / item.name).symlink_to(item)
    python = environment / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel], check=True
    )
    done = subprocess.run([python, "-c", SHORT_SUITE], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "the wheel works"
    assert_it_serves(environment / "bin" / "konik", tmp_path)
    help = subprocess.run([environment / "bin" / "konik", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert help.returncode == 0 and "server" in help.stdout, help.stderr


def assert_it_serves(konik: Path, directory: Path) -> None:
    """A node of the wheel elects itself, says so, and ends when it is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1] % 20_000 + 10_000  # below what the system gives to outgoing connections
    command = [konik, "dev", "--port", str(port), "--data-dir", directory / "data"]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as dev:
        assert dev.stdout is not None
        ready = next(line for line in dev.stdout if line.startswith("ready"))
        assert f"127.0.0.1:{port}" in ready
        asked = [konik, "status", "--json", "--server", f"127.0.0.1:{port}"]
        status = json.loads(subprocess.run(asked, cwd=directory, capture_output=True, check=True).stdout)
        dev.terminate()
        assert dev.wait(10) == 0
    assert status["leader"] == "node-1"
    assert [member["role"] for member in status["members"]] == ["leader"]
