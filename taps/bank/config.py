"""How a bank connection is configured: where the statements lie, and for CSV what its columns mean."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from taps._kit.text_lines import Encoding

Column = Annotated[str, StringConstraints(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CsvColumns(_Strict):
    """What the columns of a bank's CSV export mean. The first row that is not skipped names the columns."""

    account: str | None = Field(None, description="The account that all rows are of.")
    account_column: Column | None = Field(None, description="Column of the account, where a file has several.")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = Field(None, description="The currency of all rows.")
    currency_column: Column | None = None
    booked_on: Column = Field(description="Column of the booking day.")
    value_on: Column | None = None
    date_format: str = Field("%Y-%m-%d", description="As Python's strptime: %d/%m/%Y.")
    amount: Column | None = Field(None, description="Column of the signed amount: + came into the account.")
    money_in: Column | None = Field(None, description="Column of what came in, beside `money_out`, both without sign.")
    money_out: Column | None = None
    direction: Column | None = Field(None, description="Column that says whether an unsigned `amount` came in or went out.")
    direction_out: tuple[str, ...] = Field((), description="What `direction` says of money that went out: Af, Debit.")
    direction_in: tuple[str, ...] = Field((), description="What `direction` says of money that came in: Bij, Credit.")
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'", "\u00a0", "\u202f"] = ""
    text: tuple[Column, ...] = Field(min_length=1, description="Columns that tell what it was for, joined with a blank.")
    reference: Column | None = Field(None, description="The bank's own number of the entry, where it gives one.")
    end_to_end_id: Column | None = None
    counterparty_name: Column | None = None
    counterparty_account: Column | None = None
    balance: Column | None = Field(None, description="Balance of the account after the entry.")
    delimiter: Literal[";", ",", "\t", "|"] = ","
    skip_rows: int = Field(0, ge=0, le=100, description="Lines above the names of the columns.")

    @model_validator(mode="after")
    def _one_way_each(self) -> Self:
        if (self.account is None) == (self.account_column is None):
            raise ValueError("give either account or account_column")
        if (self.currency is None) == (self.currency_column is None):
            raise ValueError("give either currency or currency_column")
        if (self.amount is None) == (self.money_in is None) or (self.money_in is None) != (self.money_out is None):
            raise ValueError("give either amount, or money_in and money_out")
        if (self.direction is None) == bool(self.direction_in or self.direction_out):
            raise ValueError("direction needs direction_in and direction_out, and they need direction")
        if self.direction is not None and (self.amount is None or not self.direction_in or not self.direction_out):
            raise ValueError("direction needs amount, direction_in and direction_out")
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        return self

    def named(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        single = (
            self.account_column, self.currency_column, self.booked_on, self.value_on, self.amount, self.money_in, self.money_out,
            self.direction, self.reference, self.end_to_end_id, self.counterparty_name, self.counterparty_account, self.balance,
        )  # fmt: skip
        return tuple(dict.fromkeys([name for name in single if name is not None] + list(self.text)))


class StatementFiles(_Strict):
    """Statements in one place. CAMT.053, MT940 and OFX are told apart by their content; CSV is what has `csv`."""

    path: str = Field(min_length=1, description="A file, a folder or a pattern (bank/*.xml); relative to the home folder.")
    encoding: Encoding | None = Field(None, description="Of MT940 and CSV, where it is detected wrongly: cp1252, utf-8.")
    csv: CsvColumns | None = Field(None, description="What the columns mean, where the files are CSV.")


class BankConfig(_Strict):
    """Bank statements in files: CAMT.053, MT940, OFX or QFX, and CSV."""

    files: tuple[StatementFiles, ...] = Field(min_length=1)
    accounts: dict[str, str] = Field(
        default={}, description="Other names of an account: what a file calls it, and what it is called here. One account, one name."
    )
