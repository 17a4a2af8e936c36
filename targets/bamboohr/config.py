"""What a person writes under `config:` of a BambooHR connection, for writing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from taps.bamboohr.config import BambooConfig


class Job(BaseModel):
    """Where the hours of one of our roles go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: int = Field(description="Id of the project in BambooHR's Time Tracking.")
    task: int | None = Field(None, description="Id of the task for regular hours.")
    overtime_task: int | None = Field(None, description="Id of the task for overtime; that of regular hours, if left out.")


class BambooTargetConfig(BambooConfig):
    """One company of BambooHR, as a target."""

    jobs: dict[str, Job] = Field({}, description="Project and task by role code; hours of a role that is not named carry none.")
