#!/usr/bin/env python3
"""Makes the page for browsers into C.

    embed_page.py page.html page.c

The Content-Security-Policy allows the script and the style of the page by their hashes, and
requests to the server that it came from. Nothing else is loaded or run.
"""

import base64
import hashlib
import re
import sys


def hash_of(element: str, page: str) -> str:
    found = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
    if len(found) != 1:
        sys.exit(f"embed_page.py: expected one <{element}>, got {len(found)}; write all of it into one")
    digest = hashlib.sha256(found[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def main() -> None:
    source, output = sys.argv[1:]
    with open(source, "rb") as file:
        content = file.read()
    page = content.decode()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {hash_of('script', page)}",
            f"style-src {hash_of('style', page)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
    etag = hashlib.sha256(content).hexdigest()[:16]
    numbers = [",".join(map(str, content[i : i + 32])) for i in range(0, len(content), 32)]
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "http/handlers/handlers.h"\n\n#include "http/request.h"\n\n')
        file.write("static const unsigned char bytes[] = {\n" + ",\n".join(numbers) + "};\n\n")
        file.write("const struct sl_file sl_browser_page = {\n")
        file.write('  .media_type = "text/html; charset=utf-8",\n')
        file.write(f'  .etag = "\\"{etag}\\"",\n  .policy = "{policy}",\n')
        file.write("  .bytes = bytes,\n  .length = sizeof bytes,\n};\n")


if __name__ == "__main__":
    main()
