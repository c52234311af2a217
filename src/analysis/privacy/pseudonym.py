"""Pseudonyms of persons: keyed, so that only who holds the key can make or try them.

A keyed pseudonym is still personal information (PIPL Art. 73: de-identified, not anonymised): it says that two rows
are one person, and the key can tell which. It links rows inside a study; it does not make them fit for publication.
A plain hash protects nobody: every mobile number of the country is tried in under two hours, the identity numbers of
a county in under a minute. Hence HMAC-SHA256 over project, kind and value with 32 random bytes that lie in a file of
their own, away from repository, studies, outputs and data, one for every project.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import paths
from analysis.messages import Message, ProjectError
from analysis.privacy.detect import KINDS
from analysis.privacy.spelling import LOOKALIKES, plain

if TYPE_CHECKING:
    import pandas as pd

BYTES = 32
SHORTEST = 12  # hexadecimal digits; fewer collide within a county
VARIABLE = "COOPEVAL_KEY"
_HEAD = "coopeval pseudonym key 1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DATA = {
    ".csv",
    ".tsv",
    ".xlsx",
    ".xls",
    ".et",
    ".dta",
    ".sav",
    ".parquet",
    ".feather",
    ".json",
    ".gz",
    ".zip",
}
_OUTPUT = ("latest", ".work", "failed", "manifest.json", "repairs.csv")


class KeyFileError(ProjectError, ValueError):
    """A key cannot be read or made as it must be."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Key:
    """The secret of one project. Printed, it shows its name only.

    name : of the project; part of every pseudonym, kept in the file, so that moving the file changes nothing
    secret : 32 random bytes
    """

    name: str
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell this key from others and nothing about it; fit for a manifest."""
        return hmac.digest(self.secret, b"fingerprint", "sha256").hex()[:8]

    @classmethod
    def read(cls, path: Path | str | None = None, *, name: str = "", away_from: Sequence[Path] = ()) -> Key:
        """The key in a file.

        path : None for `place(name)`
        away_from : folders, beside those found out here, in which no key may lie (data given, output asked for)

        Raises
        ------
        KeyFileError : no such file, not a key, readable by others, or in a place where data or outputs are.
        """
        file = Path(path) if path is not None else place(name)
        _refuse_place(file, away_from)
        try:
            text = file.read_text(encoding="ascii")
            mode = file.stat().st_mode
        except FileNotFoundError:
            raise KeyFileError(
                Message(
                    f"no key at {_told(file)}; make one with Key.create, or set {VARIABLE} to the file that holds it",
                    f"{_told(file)} 处没有密钥；请用 Key.create 生成，或用环境变量 {VARIABLE} 指明密钥文件",
                )
            ) from None
        except (OSError, UnicodeError):
            raise _not_a_key(file) from None
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise KeyFileError(
                Message(
                    f"the key {_told(file)} can be read by others; allow its owner only: chmod 600",
                    f"密钥 {_told(file)} 可被他人读取；请改为仅本人可读：chmod 600",
                )
            )
        head, _, rest = text.partition("\n")
        found = re.fullmatch(rf"name: (\S+)\nsecret: ([0-9a-f]{{{2 * BYTES}}})\n?", rest)
        if head != _HEAD or found is None or not _NAME.fullmatch(found[1]):
            raise _not_a_key(file)
        return cls(found[1], bytes.fromhex(found[2]))

    @classmethod
    def create(cls, path: Path | str | None = None, *, name: str = "", away_from: Sequence[Path] = ()) -> Key:
        """A new key, written to a file that only its owner can read; an existing file is never replaced.

        name : of the project; the file's name without its ending where none is given

        Raises
        ------
        KeyFileError : the file exists, the place is not allowed or cannot be written, the name is no plain word.
        """
        file = Path(path) if path is not None else place(name)
        name = name or file.stem
        if not _NAME.fullmatch(name):
            raise KeyFileError(
                Message(
                    "a key is named with ASCII letters, digits, - and _, e.g. mengyin2024",
                    "密钥名称只用英文字母、数字、- 和 _，如 mengyin2024",
                )
            )
        _refuse_place(file, away_from)
        key = cls(name, secrets.token_bytes(BYTES))
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyFileError(
                Message(
                    f"{_told(file)} exists and is not replaced: pseudonyms made with it could never be made again",
                    f"{_told(file)} 已存在，不予覆盖：用它生成的代号将无法再现",
                )
            ) from None
        except OSError as error:
            raise KeyFileError(
                Message(
                    f"{_told(file)} cannot be written ({error.strerror})",
                    f"无法写入 {_told(file)}（{error.strerror}）",
                )
            ) from None
        with os.fdopen(handle, "w", encoding="ascii", newline="\n") as stream:
            stream.write(f"{_HEAD}\nname: {name}\nsecret: {key.secret.hex()}\n")
            stream.flush()
            os.fsync(stream.fileno())
        return key


def place(name: str) -> Path:
    """Where the key of a project lies: COOPEVAL_KEY, else coopeval/<name>.key in the user's data folder.

    Raises
    ------
    KeyFileError : the name is no plain word.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        return Path(named).expanduser()
    if not _NAME.fullmatch(name):
        raise KeyFileError(
            Message(
                f"no key: give its project (ASCII letters, digits, - and _) or set {VARIABLE} to its file",
                f"未指定密钥：请给出项目名（英文字母、数字、- 和 _），或用环境变量 {VARIABLE} 指明密钥文件",
            )
        )
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data else Path.home() / ".local" / "share") / "coopeval" / f"{name}.key"


def pseudonym(value: str, key: Key, *, kind: str, length: int = 16) -> str:
    """A pseudonym of a value: `length` hexadecimal digits of HMAC-SHA256(key; project, kind, value).

    value : read like a person reads it: NFKC, letters in upper case, no spaces or characters without width; numbers
        (kinds of `detect.KINDS`) also without hyphens, dots and +86, so that every spelling gives one pseudonym
    kind : what it is ("id_number", "name", ...); one value of two kinds has two pseudonyms

    Raises
    ------
    ValueError : the value is empty (nobody may be linked by what is missing), or fewer than 12 or more than 64 digits.
    """
    if not SHORTEST <= length <= 64:
        raise ValueError(f"a pseudonym has {SHORTEST} to 64 digits")
    read = normalised(value, kind)
    if not read:
        raise ValueError("an empty value has no pseudonym")
    message = "\x1f".join((key.name, kind, read)).encode()
    return hmac.digest(key.secret, message, hashlib.sha256).hex()[:length]


def pseudonyms(values: pd.Series, key: Key, *, kind: str, length: int = 16) -> pd.Series:
    """(n,) pseudonyms as text, on the same index; missing where the value is missing or empty."""
    import pandas as pd

    codes, distinct = pd.factorize(values)
    made = [
        pseudonym(text, key, kind=kind, length=length) if normalised(text, kind) else None
        for text in map(str, distinct)
    ]
    found = pd.Series([*made, None], dtype="str").take(codes)  # code -1, missing, takes the last
    return pd.Series(found.array, index=values.index, name=values.name)


def normalised(value: str, kind: str) -> str:
    """The value as it enters a pseudonym: one form for all spellings of the same thing."""
    if kind not in KINDS:
        seen = "".join(one for one in value if unicodedata.category(one) not in {"Cf", "Cc"})
        text = unicodedata.normalize("NFKC", seen)
        return "".join(text.split()).upper()
    text = "".join(LOOKALIKES.get(one, one) for one in plain(value)).upper()
    text = re.sub(r"\.0+\s*$", "", text)
    text = re.sub(r"[^0-9A-Z]", "", text)
    return re.sub(r"^(?:00)?86(?=1[3-9]\d{9}$)", "", text) if kind == "phone" else text


def _refuse_place(file: Path, away_from: Sequence[Path]) -> None:
    """Refuse a key where it would be copied, published or backed up with what it protects."""
    where = file.expanduser().resolve()
    folders = where.parents
    reason = None
    if paths.project() in folders or any((folder / ".git").exists() for folder in folders):
        reason = Message("inside a repository", "代码仓库内")
    elif any((folder / "study.toml").exists() for folder in folders):
        reason = Message("inside a study folder", "评估项目目录内")
    elif any(_holds_outputs(folder) for folder in folders):
        reason = Message("inside an outputs folder", "输出目录内")
    elif any(Path(folder).expanduser().resolve() in (*folders, where) for folder in away_from):
        reason = Message("beside the data or in the output folder", "数据旁或输出目录内")
    elif where.parent.is_dir() and any(one.suffix.lower() in _DATA for one in where.parent.iterdir()):
        reason = Message("beside data", "数据文件旁")
    if reason is not None:
        raise KeyFileError(
            Message(
                f"no key may lie {reason}: {_told(file)}; keep it elsewhere, e.g. in the user's data folder, "
                f"and name it with {VARIABLE}",
                f"密钥不得放在{reason.zh}：{_told(file)}；请存于他处（如用户数据目录），并用 {VARIABLE} 指明",
            )
        )


def _holds_outputs(folder: Path) -> bool:
    return (
        (folder / "manifest.json").exists() or (folder / "latest").is_symlink() or (folder / ".work").exists()
    )


def _not_a_key(file: Path) -> KeyFileError:
    return KeyFileError(
        Message(
            f"{_told(file)} is no key of this project's form; make one with Key.create",
            f"{_told(file)} 不是本项目格式的密钥；请用 Key.create 生成",
        )
    )


def _told(file: Path) -> str:
    return paths.shown(file)
