"""The settings of a home folder as models. Each field is a setting that the docs describe; unknown ones are refused.

HOME/counterfoil.yaml          Installation
HOME/connections/NAME.yaml     TapConnection or TargetConnection
HOME/routes/NAME.yaml          Route, with its Postings
HOME/mappings/, HOME/lookups/  see mappings.shipped and `load`
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FilePath, field_validator, model_validator

from mappings.nearest import did_you_mean, instead
from mappings.posting import EFFECTS, Books


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        hint = did_you_mean(name, available_timezones())
        raise ValueError(f"there is no time zone {name!r}{f'; {hint}' if hint else ''}") from None
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]
"""A zone as IANA names it: Europe/Dublin."""


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    """Look."""
    OPERATOR = "operator"
    """Run, retry, and work on differences without settling them."""
    PREPARER = "preparer"
    """Settle differences, propose, prepare a close."""
    REVIEWER = "reviewer"
    """Approve, review and certify what another has prepared; unlock."""
    ADMIN = "admin"
    """Set up and unlock. An admin signs nothing."""
    AUDITOR = "auditor"
    """Look, take packs and samples."""


class Person(_Settings):
    """Somebody who works with the installation."""

    roles: list[Role] = Field(min_length=1)
    account: str | None = None
    """Where given, only this account of the operating system may act under the name."""


class Close(_Settings):
    """How a company closes its periods."""

    write_off_limit: dict[Annotated[str, Field(pattern="^[A-Z0-9]{3}$")], Annotated[Decimal, Field(ge=0)]] = {}
    """By unit: up to this difference one person may write off or accept. Above, and in any other unit, a second one approves."""
    open_breaks: Literal["refuse", "list"] = "refuse"
    """Whether a period with open breaks can be signed; `list` names them in the statement."""
    carry: list[Literal["IN_TRANSIT", "TIMING"]] = ["IN_TRANSIT"]
    """Classes that are carried over without acceptance."""
    auto: Literal["never", "prepare"] = "never"
    """Whether the program may prepare a month that nothing waits for. It never reviews and never certifies."""
    due: int = Field(default=5, ge=1, le=60)
    """Working days, Monday to Friday, after the end of a period until it is to be certified."""
    statement: str | None = Field(default=None, min_length=1)
    """What is certified, in the company's own words; figures and hash follow it."""


class Company(_Settings):
    """A legal entity whose books are kept."""

    legal_name: str
    base_currency: str = Field(pattern="^[A-Z]{3}$")
    timezone: TimeZone
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    decisions: dict[str, Any] = {}
    close: Close = Close()
    minutes_by_hand: Decimal = Field(default=Decimal(3), ge=0)
    """What a person takes to enter one document: for the hours saved among the key figures."""


Address = Annotated[str, Field(pattern=r"^[^\s@,;<>]+@[^\s@,;<>]+$")]


class Mail(_Settings):
    """The mail server that takes the mail of the morning."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` is for a server on this machine only."""
    sender: Address = Field(alias="from")
    to: dict[str, list[Address]]
    """Receivers by company."""
    user: str | None = None
    password: str | None = None
    """The name under which `counterfoil secret set mail NAME` keeps it; never the password itself."""
    ca_file: FilePath | None = None
    """Certificate of a private authority, in PEM."""


class Installation(_Settings):
    """`counterfoil.yaml`."""

    hub: str = "sqlite:///hub.db"
    """URL of the hub's database; a relative SQLite path starts at the home folder."""
    companies: dict[str, Company]
    mail: Mail | None = None
    people: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9._-]{0,79}$")], Person] = {}
    """Who may do what, by a short name in small letters."""

    @field_validator("people")
    @classmethod
    def _not_ours(cls, people: dict[str, Person]) -> dict[str, Person]:
        if "counterfoil" in people:
            raise ValueError("`counterfoil` is how the program itself signs; give the person another name")
        return people


class ByLocation(_Settings):
    """The company of a document, told by its location."""

    by: Literal["location"]
    table: dict[str, str]


Schedule = Literal["hourly", "daily", "manual"]


class TapConnection(_Settings):
    """A configured source."""

    name: str
    tap: str
    company: str | ByLocation
    timezone: TimeZone
    day_cutoff: time = time(0, 0)
    """Sales before this local time count to the day before."""
    config: dict[str, Any]
    mappings: dict[str, str]
    """Stream → mapping. A stream that is not named is not read."""
    schedule: Schedule = "hourly"


class TargetConnection(_Settings):
    """A configured destination."""

    name: str
    target: str
    config: dict[str, Any]
    same_account: str | None = None
    """The tap connection that reads the same account: people, buyers and goods that were written there come back through it, and are
    theirs only by sight. They go neither there again nor anywhere else."""


class Mode(StrEnum):
    """How far a route goes by itself."""

    SHADOW = "shadow"
    """Plan and compare only; nothing is sent."""
    AUTO = "auto"


class Start(_Settings):
    """Nothing older is booked, but refunds of it are understood."""

    business_date: date
    before: Literal["reference_only"] = "reference_only"


class Policy(_Settings):
    """How one kind of document is represented on a posting: `as`, or `exclude` with a reason."""

    as_: str | None = Field(default=None, alias="as")
    per: Literal["document"] = "document"
    when: Literal["always", "restocked"] = "always"
    exclude: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Policy:
        if (self.as_ is None) == (self.exclude is None):
            raise ValueError("give either `as` or `exclude` with a reason")
        if self.as_ is not None and self.as_ not in EFFECTS:
            raise ValueError(f"`as: {self.as_}` is no representation; {instead(self.as_, sorted(EFFECTS)).rstrip('.')}")
        return self


class PeriodLocked(StrEnum):
    """What happens to a document whose period is closed."""

    PARK = "park"


class Posting(_Settings):
    """One target of a route."""

    name: str
    target: str
    company: str | None = None
    """A filter: documents of another company are excluded(other company) here."""
    books: Books | None = None
    """Accounts and choices of the posting table; needed where money is booked."""
    walk_in: str = "Walk-in customer"
    """Who stands for a buyer that the source does not name."""
    period_locked: PeriodLocked = PeriodLocked.PARK
    kinds: dict[str, Policy]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        """Kinds stand beside the settings in YAML: every other key is a kind of document."""
        if not isinstance(given, dict) or "kinds" in given:
            return given
        own = set(cls.model_fields) - {"kinds"}
        return {key: value for key, value in given.items() if key in own} | {
            "kinds": {key: value for key, value in given.items() if key not in own}
        }

    @field_validator("kinds")
    @classmethod
    def _star(cls, kinds: dict[str, Policy]) -> dict[str, Policy]:
        if "*" in kinds and kinds["*"].exclude is None:
            raise ValueError('`"*"` may only exclude, with a reason')
        return kinds

    def policy(self, kind: str) -> Policy | None:
        """The row for this kind of document, or that of `*`; None where neither stands."""
        return self.kinds.get(kind) or self.kinds.get("*")

    @property
    def effect(self) -> str:
        """What this posting is about, most telling first: money, stock, reserve, hours, cost or record."""
        found = {EFFECTS[policy.as_] for policy in self.kinds.values() if policy.as_}
        return next((effect for effect in ("money", "stock", "reserve", "hours", "cost") if effect in found), "record")


class Route(_Settings):
    """What goes from where to where."""

    name: str
    sources: list[str]
    start: Start
    schedule: Schedule = "hourly"
    mode: Mode = Mode.SHADOW
    posting: list[Posting]

    @field_validator("posting")
    @classmethod
    def _names(cls, postings: list[Posting]) -> list[Posting]:
        names = [posting.name for posting in postings]
        if len(set(names)) != len(names):
            raise ValueError("two postings of a route may not share a name")
        return postings
