#!/bin/bash
# Every header compiles alone: those of include/spikeloss as C11, C17, C++17 and C++20 with every
# warning an error, those of src as C17.
#
#     tests/headers.sh [COMPILER [C++-COMPILER]]        cc and c++ if not said
#
# The last line says "N passed, N failed".
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/support/checks.sh
source tests/support/checks.sh

c=${1-cc}
cplusplus=${2-c++}
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

# Templates, which a variant of the kernels includes after it has defined their types.
needs_another() { # HEADER
  grep -Eq '^ \* Included once by (a|every) variant, which' "$1"
}

compiles() { # HEADER COMPILER FLAG...
  local header=$1
  shift
  printf '#include <%s>\nextern int something;\n' "${header#*/}" >"$work/alone.c"
  "$@" -fsyntax-only "$work/alone.c" >"$work/log" 2>&1 && return 0
  cat "$work/log"
  return 1
}

# Once a header was read, reading it again must change nothing.
compiles_twice() { # HEADER
  printf '#include <%s>\n#include <%s>\nextern int something;\n' "${1#*/}" "${1#*/}" >"$work/alone.c"
  "$c" -std=c17 -Iinclude "${warnings[@]}" -fsyntax-only "$work/alone.c"
}

for header in include/spikeloss/*.h; do
  for standard in c11 c17; do
    check "$header compiles alone as $standard" \
      compiles "$header" "$c" "-std=$standard" -Iinclude "${warnings[@]}"
  done
  for standard in c++17 c++20; do
    check "$header compiles alone as $standard" \
      compiles "$header" "$cplusplus" "-std=$standard" -x c++ -Iinclude "${warnings[@]}"
  done
  check "$header may be included twice" compiles_twice "$header"
done

read -ra packages < <(pkg-config --cflags libcjson libmicrohttpd gnutls inih zlib 2>/dev/null)
while read -r header; do
  needs_another "$header" && continue
  check "$header compiles alone" compiles "$header" "$c" -std=c17 -D_GNU_SOURCE -Iinclude -Isrc \
    -Wall -Wextra -Werror -Wno-unused-function "${packages[@]}"
done < <(find src -name '*.h' | sort)
finish
