"""Look-ups in the tools' XML files."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

from hw_trigger.vendor.source import Source


def root_element(source: Source) -> Element:
    """Return the root of an XML report.

    Raises
    ------
    VendorReportError
        It is no whole XML file.
    """
    try:
        # The user's own tool wrote the file, expat loads nothing from outside, and limits what entities grow to (2.4.1 on).
        return fromstring(source.text.strip())  # noqa: S314
    except ParseError as error:
        raise source.error(
            f"it is no whole XML file ({error}); write the report again, or copy the whole file"
        ) from error


def element(source: Source, parent: Element, path: str) -> Element:
    """Return the element of a path below `parent`.

    Raises
    ------
    VendorReportError
        There is none.
    """
    found = parent.find(path)
    if found is None:
        raise source.error(f"the element <{parent.tag}> has no <{path}>; it is not the report that it looks like")
    return found


def text(source: Source, parent: Element, path: str) -> str:
    """Return the text of an element, stripped.

    Raises
    ------
    VendorReportError
        There is no such element.
    """
    return (element(source, parent, path).text or "").strip()


def integer(source: Source, parent: Element, path: str) -> int | None:
    """Return the whole number in an element, or ``None`` where the tool does not tell it.

    Raises
    ------
    VendorReportError
        There is no such element, or something else is in it.
    """
    return source.integer(text(source, parent, path), f"<{path}>")


def number(source: Source, parent: Element, path: str) -> float | None:
    """Return the number in an element, or ``None`` where the tool does not tell it.

    Raises
    ------
    VendorReportError
        There is no such element, or something else is in it.
    """
    return source.number(text(source, parent, path), f"<{path}>")
