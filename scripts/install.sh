# shellcheck shell=bash
# Installs, with Debian's package manager, what a script needs and the machine does not have.
#
#     need_to_build; need_to_test; install_missing
#
# Each need is looked for by what it provides, not by the name of its package, so a machine that has
# it from elsewhere is left alone. If nothing is missing, nothing is changed or downloaded.

missing_packages=()
missing_architectures=()

need_command() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || missing_packages+=("$2")
}

need_header() { # HEADER PACKAGE
  [ -e "/usr/include/$1" ] || missing_packages+=("$2")
}

need_library() { # PKG-CONFIG-NAME PACKAGE
  pkg-config --exists "$1" 2>/dev/null || missing_packages+=("$2")
}

need_module() { # PYTHON-MODULE PACKAGE
  /usr/bin/python3 -c "import $1" 2>/dev/null || missing_packages+=("$2")
}

need_to_build() {
  need_command gcc gcc
  need_header stdio.h libc6-dev
  need_command meson meson
  need_command ninja ninja-build
  need_command pkg-config pkg-config
  need_library libmicrohttpd libmicrohttpd-dev
  need_library gnutls libgnutls28-dev
  need_library inih libinih-dev
  need_library zlib zlib1g-dev
  need_command curl curl
}

need_to_test() {
  need_library check check
  need_library libcjson libcjson-dev
  need_library libcurl libcurl4-gnutls-dev
}

need_to_package() {
  need_command dpkg-buildpackage dpkg-dev
  need_command dh debhelper
  need_command lintian lintian
  need_command patchelf patchelf
  need_command npm npm
  need_module pip python3-pip
  need_module setuptools python3-setuptools
  need_module wheel python3-wheel
}

need_to_test_all() {
  need_command c++ g++
  need_command clang clang
  need_command clang-format clang-format
  need_command shellcheck shellcheck
  need_command promtool prometheus
  need_command groff groff-base
  need_command systemd-analyze systemd
  need_command mypy mypy
  need_command openssl openssl
  need_command wrk wrk
  need_command valgrind valgrind
  need_module numpy python3-numpy
  need_module pytest python3-pytest
  need_module torch python3-torch
  need_module sklearn python3-sklearn
  need_module matplotlib python3-matplotlib
  need_module tqdm python3-tqdm
  need_module jsonschema python3-jsonschema
  need_command node nodejs
  need_command tsc node-typescript
  need_command go golang-go
  need_command javac default-jdk-headless
  need_command octave-cli octave
  need_command Rscript r-base-core
  [ -e /usr/lib/R/site-library/curl ] || missing_packages+=(r-cran-curl)
  [ -e /usr/lib/R/site-library/jsonlite ] || missing_packages+=(r-cran-jsonlite)
  need_command ruby ruby
  need_command php php-cli
  need_command lua5.4 lua5.4
  [ -e /usr/share/lua/5.4/socket/http.lua ] || missing_packages+=(lua-socket)
  [ -e /usr/share/lua/5.4/cjson/util.lua ] || missing_packages+=(lua-cjson)
  [ -e /usr/share/i18n/locales/de_DE ] || missing_packages+=(locales)
  need_to_fuzz
}

need_to_fuzz() {
  need_command c++ g++
  need_command clang clang
  compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null ||
    missing_packages+=(libclang-rt-dev)
}

# A compiler for 64-bit ARM, an emulator, and that architecture's libraries.
need_to_test_arm64() {
  need_command aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  need_command qemu-aarch64 qemu-user
  local pair
  for pair in check:check libcjson:libcjson-dev libmicrohttpd:libmicrohttpd-dev inih:libinih-dev \
    libcurl:libcurl4-gnutls-dev gnutls:libgnutls28-dev zlib:zlib1g-dev; do
    [ -e "/usr/lib/aarch64-linux-gnu/pkgconfig/${pair%:*}.pc" ] ||
      missing_packages+=("${pair#*:}:arm64")
  done
  [ ${#missing_packages[@]} -eq 0 ] || need_architecture arm64
}

need_architecture() { # ARCHITECTURE
  dpkg --print-foreign-architectures | grep -qx "$1" || missing_architectures+=("$1")
}

# Without these the tests of images and of whole deployments are skipped.
need_to_deploy() {
  need_command podman podman
  need_command runc runc
  need_command debootstrap debootstrap
  need_command autopkgtest autopkgtest
  need_command systemd-nspawn systemd-container
  need_to_package
  need_command catatonit catatonit
  need_command chromium chromium
  need_command haproxy haproxy
  need_command wrk wrk
  need_command prometheus prometheus
  need_command yamllint yamllint
  need_command docker-compose docker-compose
  need_command kubectl kubernetes-client
}

install_missing() {
  [ ${#missing_packages[@]} -eq 0 ] && return 0

  if ! command -v apt-get >/dev/null; then
    echo "missing, as Debian names it: ${missing_packages[*]} (there is no apt-get here)" >&2
    return 1
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "as root, please: apt-get install ${missing_packages[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi

  echo "installing ${missing_packages[*]}" >&2
  local architecture
  for architecture in "${missing_architectures[@]}"; do
    "${as_root[@]}" dpkg --add-architecture "$architecture"
  done
  "${as_root[@]}" apt-get update -q >&2 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing_packages[@]}" >&2 &&
    missing_packages=()
}
