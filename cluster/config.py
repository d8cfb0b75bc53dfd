"""The configuration of a node: from a TOML file, `KONIK_*` variables and flags, checked before anything starts.

Later sources win: file, then environment, then flags. A message about a wrong setting says what to do.
"""

import ipaddress
from hashlib import blake2b
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)


class ConfigurationError(Exception):
    """The node cannot start like this; the text says why, and what to do."""


class Address(BaseModel):
    """A host and a port, written HOST:PORT."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int = Field(ge=1, le=65_535)

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        host, separator, port = given.rpartition(":")
        if not separator or not host or not port.isdecimal():
            raise ValueError(f"{given!r} is no address: write HOST:PORT, such as 10.0.0.1:2023")
        return {"host": host.strip("[]"), "port": int(port)}

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


NODE_LETTERS_MAX = 63
"""Of a node's id: as many as a DNS label has. Longer ones would be cut in the keys of the state."""


class Member(BaseModel):
    """One node of the cluster: where its peers reach it, and where clients do."""

    model_config = ConfigDict(frozen=True)

    peer: Address
    client: Address


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


Pem = Annotated[Path, AfterValidator(_existing)]


class Tls(BaseModel):
    """PEM files for the connections between nodes. The certificate's name is the node's id; all come from one CA."""

    model_config = ConfigDict(frozen=True)

    ca: Pem
    certificate: Pem
    key: Pem


class ClientTls(BaseModel):
    """PEM files for clients. With `ca` they must show a certificate of that CA."""

    model_config = ConfigDict(frozen=True)

    certificate: Pem
    key: Pem
    ca: Pem | None = None


class Config(BaseSettings):
    """All settings of one node."""

    model_config = SettingsConfigDict(
        env_prefix="KONIK_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    cluster_id: str = Field(min_length=1, description="the same on all members; part of the data directory")
    node: str = Field(
        pattern=r"^[A-Za-z0-9][-A-Za-z0-9.]*$",
        max_length=NODE_LETTERS_MAX,
        description="this node's id, a key of `members`",
    )
    data_dir: Path = Field(description="this node's own directory; made by --bootstrap")
    members: dict[str, Member] = Field(min_length=1, description="every node, this one included")
    listen: Address | None = Field(None, description="where clients are served; default: the member's client address")
    peer_listen: Address | None = Field(None, description="where peers are served; default: the member's peer address")
    http: Address | None = Field(None, description="metrics and health; none: not served")
    tls: Tls | None = Field(None, description="mutual TLS between nodes; may be left out on loopback addresses only")
    client_tls: ClientTls | None = None
    min_election_timeout_s: float = Field(0.3, gt=0)
    max_election_timeout_s: float = Field(0.6, gt=0)
    heartbeat_s: float = Field(0.1, gt=0)
    checkpoint_commands: int = Field(20_000, ge=100)
    checkpoint_seconds: float = Field(60.0, gt=0)
    log_tail_entries: int = Field(1_000, ge=0, description="entries kept before a checkpoint, for slow followers")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json"] = "auto"

    _file: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = (init_settings, env_settings)
        if cls._file is None:
            return sources
        return (*sources, TomlConfigSettingsSource(settings_cls, cls._file))

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        if self.node not in self.members:
            known = ", ".join(sorted(self.members))
            raise ValueError(f"node {self.node!r} is not among the members ({known}): add it, or correct `node`")
        if len({str(member.peer) for member in self.members.values()}) < len(self.members):
            raise ValueError("two members have the same peer address")
        if self.tls is None:
            addresses = [member.peer for _, member in sorted(self.members.items())]
            if self.peer_listen is not None:
                addresses.append(self.peer_listen)
            open_to_others = [str(address) for address in addresses if not address.is_loopback]
            if open_to_others:
                raise ValueError(
                    f"others can reach the peer addresses {', '.join(open_to_others)}: nodes talk to each other over "
                    "mutual TLS; give `tls` with ca, certificate and key, or use addresses of this machine alone"
                )
        if not self.heartbeat_s < self.min_election_timeout_s <= self.max_election_timeout_s:
            raise ValueError("heartbeat_s < min_election_timeout_s <= max_election_timeout_s must hold")
        return self

    @property
    def me(self) -> Member:
        return self.members[self.node]

    @property
    def cluster_bytes(self) -> bytes:
        """The cluster's id as it stands in data directories and on the wire."""
        return blake2b(self.cluster_id.encode(), digest_size=16).digest()


def load(file: Path | None = None, **flags: Any) -> Config:
    """The configuration of this node.

    Raises:
        ConfigurationError: with one line for each setting that is wrong.
    """
    if file is not None and not file.is_file():
        raise ConfigurationError(f"there is no configuration file {file}")
    source = type("Config", (Config,), {"_file": file, "__module__": __name__, "__doc__": Config.__doc__})
    try:
        config: Config = source(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError("\n".join(_line(problem) for problem in error.errors())) from error
    except TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is no TOML: {error}") from error
    except SettingsError as error:
        raise ConfigurationError(f"a KONIK_* variable cannot be read: {error}; write tables as JSON") from error
    return config


def _line(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        variable = "__".join(str(part) for part in problem["loc"]).upper()
        return f"{place} is missing: set it in the file, as KONIK_{variable} or, if there is one for it, by its flag"
    if problem["type"] == "extra_forbidden":
        return f"{place} is no setting: is it misspelt?"
    return f"{place}: {message}" if place else message
