"""Templates: what is markup is escaped, what is not is not, and a missing name is a bug."""

from __future__ import annotations

import jinja2
import pytest

from hw_trigger.templates import environment


@pytest.mark.parametrize(
    ("name", "escaped"), [("x.html.jinja", True), ("x.svg.jinja", True), ("x.h.jinja", False), ("x.md.jinja", False)]
)
def test_markup_is_escaped_by_the_templates_name(name: str, escaped: bool) -> None:
    own = environment("hw_trigger.report").overlay(loader=jinja2.DictLoader({name: "{{ text }}\n"}))
    assert own.get_template(name).render(text="a < b") == ("a &lt; b\n" if escaped else "a < b\n")


def test_a_missing_name_raises() -> None:
    with pytest.raises(jinja2.UndefinedError, match=r"^'x' is undefined$"):
        environment("hw_trigger.hls").from_string("{{ x }}").render()


def test_every_room_has_its_own() -> None:
    assert "config.h.jinja" in environment("hw_trigger.hls").list_templates()
    assert "report.html.jinja" in environment("hw_trigger.report").list_templates()
