"""What archives are asked for with: cookies of a login, passwords and tokens in addresses. None of it is printed or written anywhere."""

from __future__ import annotations

import re
from http.cookiejar import Cookie, CookieJar
from pathlib import Path

from requests.cookies import create_cookie

from larvseg.errors import LarvSegError

_HTTP_ONLY = "#HttpOnly_"  # before the domain of a cookie that scripts do not see; any other # begins a comment
_FIELDS = 7  # domain, whether its subdomains get it, path, whether by https alone, when it expires, name, value
# user:password@ of an address, up to the last @: a password may hold what it should not
_USER = re.compile(r"(?:(?<=//)|[^/?#\s:@'\"]+:(?!//))[^?#\s'\"]*@")
_QUERY = re.compile(r"(?<=[?&;])([\w.~%-]+)=[^&;#\s'\")]+")  # key=value behind its question mark


def shown(text: str) -> str:
    """`text`, an address or a message with addresses, without passwords, and without the values of what is asked for."""
    return _QUERY.sub(r"\1=…", _USER.sub("…@", text))


def read_cookies(path: Path) -> CookieJar:
    """The cookies in `path`, as browsers export them (Netscape's form).

    Raises LarvSegError for a file that cannot be read, and for a line of another form: by its number, since what it says is a secret.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise LarvSegError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise LarvSegError(f"{path}: no text in UTF-8; export the cookies again, in Netscape's form") from None
    jar = CookieJar()
    for number, line in enumerate(lines, 1):
        if line.strip() and (line.startswith(_HTTP_ONLY) or not line.startswith("#")):
            if (cookie := _cookie(line.removeprefix(_HTTP_ONLY))) is None:
                what = f"a cookie has {_FIELDS} fields between tabs, as Netscape's form wants"
                raise LarvSegError(f"{path}:{number}: {what}; export the cookies again")
            jar.set_cookie(cookie)
    return jar


def _cookie(line: str) -> Cookie | None:
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) == _FIELDS - 1:  # some leave out an empty value, with the tab before it
        fields.append("")
    if len(fields) != _FIELDS:
        return None
    domain, _, path, secure, expires, name, value = fields
    moment = re.fullmatch(r"(-?[0-9]{1,15}|)(?:\.[0-9]+)?", expires)  # with fractions of a second, from some
    if not domain or not moment or {secure.upper()} - {"TRUE", "FALSE"}:
        return None
    until = int(moment[1] or 0)
    lasting = {"expires": until} if until > 0 else {}  # 0, or less, marks a cookie that lives as long as the session
    return create_cookie(name, value, domain=domain, path=path or "/", secure=secure.upper() == "TRUE", **lasting)
