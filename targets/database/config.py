"""What a person writes under `config:` of a database connection."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class DatabaseConfig(BaseModel):
    """Tables of ours in a database of yours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        min_length=1,
        description="Where: sqlite:///stock.db (a relative file starts at the home folder) or postgresql+psycopg://user@host/database.",
    )
    password: SecretStr | None = Field(None, description="Password of the user, if it does not stand in the URL.")
    table_schema: str | None = Field(None, alias="schema", description="Schema of the tables (PostgreSQL); made if it is missing.")
