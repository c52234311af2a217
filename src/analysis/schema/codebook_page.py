"""The codebook as one web page that needs nothing else: contents, a table per entity, identities."""

from __future__ import annotations

from html import escape
from importlib import resources

from analysis.schema import wording
from analysis.schema.declared import Column, Entity, Identity, entities

_HEADS = ("column", "definition", "kind", "unit", "range", "must", "system")


def codebook_html(language: str) -> str:
    """The page in "zh" or "en"; its link to the other language expects codebook.<language>.html beside it."""

    def say(name: str, **fields: object) -> str:
        return escape(wording.word("codebook", name, language, **fields))

    known = entities()
    other = "en" if language == "zh" else "zh"
    counts = say(
        "counts",
        tables=len(known),
        columns=sum(len(entity.columns) for entity in known.values()),
        identities=sum(len(entity.identities) for entity in known.values()),
    )
    groups = wording.grouped(language)
    contents = "".join(
        f"<h3>{escape(group)}</h3><ol>{''.join(_card(entity, language) for entity in members)}</ol>"
        for group, members in groups
    )
    sections = "".join(_section(entity, language) for _, members in groups for entity in members)
    style = (resources.files("analysis.schema") / "codebook.css").read_text(encoding="utf-8")
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{say('title')}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header><a class="other" lang="{other}" href="codebook.{other}.html">{say("other_language")}</a>'
        f'<h1>{say("title")}</h1><p class="lead">{say("lead")}</p><p>{say("conventions")}</p></header>\n'
        f'<nav id="contents" aria-labelledby="contents-title"><h2 id="contents-title">{say("contents")}</h2>'
        f'<p class="counts">{counts}</p>{contents}</nav>\n<main>\n{sections}{_systems(language)}</main>\n</body>\n</html>\n'
    )


def _card(entity: Entity, language: str) -> str:
    count = escape(wording.word("codebook", "rows_of", language, columns=len(entity.columns)))
    return (
        f'<li><a href="#{entity.name}"><b>{_title(entity, language)}</b>'
        f"<code>{entity.name}</code><span>{count}</span></a></li>"
    )


def _title(entity: Entity, language: str) -> str:
    label = entity.label[language]
    return escape(label[:1].upper() + label[1:])


def _systems(language: str) -> str:
    used = {column.system for entity in entities().values() for column in entity.columns.values()}
    items = "".join(
        f"<div><dt><code>{escape(code)}</code></dt><dd>{escape(text)}</dd></div>"
        for code, text in wording.systems(language).items()
        if code in used
    )
    title = escape(wording.word("codebook", "systems", language))
    return f'<section id="systems"><h2>{title}</h2>\n<dl>{items}</dl></section>\n'


def _section(entity: Entity, language: str) -> str:
    def say(name: str) -> str:
        return escape(wording.word("codebook", name, language))

    heads = "".join(
        f'<th scope="col">{escape(wording.word("columns", head, language))}</th>' for head in _HEADS
    )
    rows = "\n".join(_row(entity, name, language) for name in entity.columns)
    key = ", ".join(f"<code>{escape(name)}</code>" for name in entity.key)
    identities = ""
    if entity.identities:
        items = "".join(_identity(identity, language) for identity in entity.identities.values())
        optional = any("?" in identity.right for identity in entity.identities.values())
        note = f'<p class="note">{say("optional_note")}</p>' if optional else ""
        identities = f'<div class="identities"><h3>{say("identities")}</h3><ul>{items}</ul>{note}</div>'
    return (
        f'<section id="{entity.name}" aria-labelledby="{entity.name}-title">\n'
        f'<a class="top" href="#contents">{say("top")}</a>'
        f'<h2 id="{entity.name}-title">{_title(entity, language)} <code>{entity.name}</code></h2>\n'
        f'<p class="facts"><span>{escape(wording.word("frequencies", entity.frequency, language))}</span>'
        f"<span>{say('keyed_by')}: {key}</span><span>{entity.name}.{entity.format}</span></p>\n"
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{entity.name}-title">'
        f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
        f"{identities}</section>\n"
    )


def _row(entity: Entity, name: str, language: str) -> str:
    column = entity.columns[name]
    mark = ' class="key"' if name in entity.key else ""
    must = escape(wording.must(entity, name, language))
    if name not in entity.key and not column.required and column.nullable:
        must = f'<span class="soft">{must}</span>'
    unit = escape(wording.unit(column, language))
    kind = escape(wording.word("kinds", column.kind, language))
    return (
        f'<tr id="{entity.name}.{name}"{mark}><th scope="row"><code>{escape(name)}</code></th>'
        f"<td>{_meaning(column, language)}</td><td>{kind}</td><td>{unit}</td>"
        f'<td class="range">{escape(wording.allowed(column, language))}</td><td>{must}</td>'
        f'<td class="soft">{escape(column.system)}</td></tr>'
    )


def _meaning(column: Column, language: str) -> str:
    def line(word: str, content: str) -> str:
        return f'<div class="more"><i>{escape(wording.word("codebook", word, language))}</i> {content}</div>'

    text = f"<b>{escape(column.label[language])}</b>"
    if column.definition:
        text += f'<div class="definition">{escape(column.definition[language])}</div>'
    if column.values:
        choices = "".join(
            f"<span><code>{escape(code)}</code> {escape(words[language])}</span>"
            for code, words in column.values.items()
        )
        text += f'<div class="choices">{choices}</div>'
    if column.derived:
        text += line("computed", f"<code>{escape(column.derived)}</code>")
    if column.refers:
        table = escape(column.refers.partition(".")[0])
        text += line("found_in", f'<a href="#{table}"><code>{escape(column.refers)}</code></a>')
    if not column.office:
        text += f'<div class="more">{escape(wording.word("codebook", "office_mark", language))}</div>'
    if column.headings:
        separator = "、" if language == "zh" else ", "
        text += line("also", f'<span lang="zh-CN">{escape(separator.join(column.headings))}</span>')
    return text


def _identity(identity: Identity, language: str) -> str:
    facts = [wording.word("severities", identity.severity, language)]
    if identity.tolerance:
        tolerance = f"{identity.tolerance:f}".rstrip("0").rstrip(".")
        facts.insert(0, wording.word("codebook", "tolerance", language, tolerance=tolerance))
    return (
        f'<li class="{identity.severity}"><b>{escape(identity.label[language])}</b> '
        f"<span>{escape(' · '.join(facts))}</span><code>{escape(wording.formula(identity))}</code></li>"
    )
