"""Asks one provider once, in a process of its own: memory for requests and TLS goes back with its end."""

import signal
import sys

import msgspec

from exporter.core.asking_child import ALONE_LIMIT
from exporter.intensity.exchange import Told, reply
from exporter.intensity.providers.provider import Question
from exporter.intensity.reading import IntensityUnavailableError
from exporter.intensity.web import UrlWeb, secret_of

if __name__ == "__main__":
    # The exporter may be killed meanwhile, and a server may answer a byte at a time.
    signal.alarm(int(ALONE_LIMIT))
    try:
        web = UrlWeb(secret_of(msgspec.json.decode(sys.argv[1], type=Question).secret_file))
    except IntensityUnavailableError as error:
        sys.stdout.buffer.write(msgspec.json.encode(Told(trouble=str(error))))
    else:
        sys.stdout.buffer.write(reply(sys.argv[1], web))
