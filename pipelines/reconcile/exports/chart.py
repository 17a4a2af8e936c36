"""A waterfall as SVG: for the PDF, the console and whoever wants a picture.

One row a line, bars linked by thin lines, amounts at the right. No script and no style of its own, so it stands under the strictest content
policy; `class` says what a bar is (total, up, down, break, check), the colours are attributes. A difference that would be thinner than a
hair is drawn `_LEAST` wide: small is not nothing. Where every total is far from zero the axis begins near them, and a caption says where.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape as escape_html
from typing import NamedTuple

from pipelines.reconcile.exports.totals import shown
from pipelines.reconcile.report import ZERO, Line, Waterfall

_WIDTH, _ROW, _TOP = 720, 24, 6
_LEFT, _RIGHT = 262, 606
"""Between which the bars stand; labels are left of it, amounts right."""
_LABEL = 42
"""Characters of a label."""
_LEAST = Decimal(3)
_MARGIN = Decimal("0.12")
COLOURS = {"total": "#1B3A4B", "up": "#2F7D5D", "down": "#7A8C99", "break": "#C4512D", "check": "#1B3A4B"}


_CONTROL = dict.fromkeys((*range(32), 65534, 65535), " ")
"""What XML does not take, not even escaped."""


class Bar(NamedTuple):
    """A line with where its bar begins and ends, in the unit of the waterfall."""

    line: Line
    look: str
    start: Decimal
    end: Decimal


def svg(fall: Waterfall, font: str = "") -> str:
    """The picture; `font` is a font family, or empty for that of the page."""
    bars = layout(fall)
    base, top = _axis(bars)
    scale = (_RIGHT - _LEFT) / (top - base or Decimal(1))
    height = _TOP + _ROW * len(bars) + (_ROW if base else 4)
    parts = [_row(number, bar, fall.unit, base, scale) for number, bar in enumerate(bars)]
    parts += [_link(number, bar, base, scale) for number, bar in enumerate(bars[:-1]) if bar.look != "check"]
    if base:
        said = f"The axis begins at {shown(base, fall.unit)} {fall.unit}."
        parts.append(f'<text class="caption" x="{_LEFT}" y="{height - 8}" font-size="10" fill="#5F6B73">{escape(said)}</text>')
    family = f' font-family="{escape(font)}"' if font else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="waterfall" viewBox="0 0 {_WIDTH} {height}" role="img"{family} font-size="13">'
        f"<title>{escape(fall.title)}</title><desc>{escape(told(fall))}</desc>{''.join(parts)}</svg>"
    )


def told(fall: Waterfall) -> str:
    """The picture in words, for who does not see it."""
    return "; ".join(f"{line.label} {shown(line.amount, fall.unit)} {fall.unit}" for line in fall.lines)


def layout(fall: Waterfall) -> list[Bar]:
    """Each line with its bar: a total from zero, every other from where the one before ended."""
    bars, running = [], ZERO
    for line in fall.lines:
        if line.role == "total":
            bars.append(Bar(line, "total", ZERO, line.amount))
            running = line.amount
        elif line.role == "corner":
            bars.append(Bar(line, "total", running, running + line.amount))
            running += line.amount
        elif line.role == "check":
            bars.append(Bar(line, "check", running, running))
        else:
            look = "break" if line.role == "break" else "up" if line.amount >= 0 else "down"
            bars.append(Bar(line, look, running, running + line.amount))
            running += line.amount
    return bars


def escape(text: str) -> str:
    """A text that XML takes."""
    return escape_html(text.translate(_CONTROL))


def _axis(bars: list[Bar]) -> tuple[Decimal, Decimal]:
    """Where the axis begins and ends: at zero, or near the bars where they all are far from it."""
    ends = [bar.end for bar in bars if bar.look != "check"] or [ZERO]
    low, high = min(ends), max(ends)
    if low <= 0 or (high - low) * 2 > high:
        return min(low, ZERO), max(high, ZERO)
    room = (high - low) * _MARGIN or high * _MARGIN
    step = Decimal(1).scaleb(room.adjusted())
    return ((low - room * 2) // step) * step, high


def _row(number: int, bar: Bar, unit: str, base: Decimal, scale: Decimal) -> str:
    line = bar.line
    y = _TOP + number * _ROW
    strong = ' font-weight="bold"' if bar.look in ("total", "check") else ""
    indent = 0 if strong else 12
    label = line.label if len(line.label) <= _LABEL else f"{line.label[: _LABEL - 1]}…"
    shape = ""
    if bar.look != "check":
        low, high = sorted((bar.start, bar.end))
        left = max(_LEFT + (low - base) * scale, Decimal(_LEFT))
        width = max((high - max(low, base)) * scale, _LEAST)
        left = min(left, _RIGHT - width)
        shape = (
            f'<rect class="{bar.look}" x="{left:.2f}" y="{y + 4}" width="{width:.2f}" height="{_ROW - 8}" fill="{COLOURS[bar.look]}">'
            f"<title>{escape(f'{line.label}: {shown(line.amount, unit)} {unit}')}</title></rect>"
        )
    colour = COLOURS["break"] if bar.look == "break" else "#1F2A30"
    return (
        f'<text class="label" x="{indent}" y="{y + 16}" fill="{colour}"{strong}>{escape(label)}</text>{shape}'
        f'<text class="amount" x="{_WIDTH}" y="{y + 16}" text-anchor="end" fill="{colour}"{strong}>{shown(line.amount, unit)}</text>'
    )


def _link(number: int, bar: Bar, base: Decimal, scale: Decimal) -> str:
    """The thin line from the end of a bar down to the next."""
    x = min(max(_LEFT + (bar.end - base) * scale, Decimal(_LEFT)), Decimal(_RIGHT))
    y = _TOP + number * _ROW + _ROW - 4
    return f'<line class="link" x1="{x:.2f}" y1="{y}" x2="{x:.2f}" y2="{y + 8}" stroke="#9AA5AD" stroke-width="1"/>'
