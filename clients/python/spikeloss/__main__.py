"""python -m spikeloss serve [OPTION...]: the daemon, with its own options."""

import os
import sys

from spikeloss._local_server import daemon_path

if sys.argv[1:2] != ["serve"]:
    sys.exit("usage: python -m spikeloss serve [OPTION...]; serve --help lists the options")
path = daemon_path()
os.execv(path, [path, *sys.argv[2:]])
