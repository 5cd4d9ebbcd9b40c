"""httpx for servers that speak no TLS, and may take their time.

It reads the certificates of all the world's authorities for each client, and for each call of its own functions: a
tenth of a second, thousands of times.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

from tests.waiting import PATIENCE_SECONDS

_NOBODY_TRUSTED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx.Client, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
AsyncClient = partial(httpx.AsyncClient, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
get = partial(httpx.get, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
post = partial(httpx.post, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
put = partial(httpx.put, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
request = partial(httpx.request, verify=_NOBODY_TRUSTED, timeout=PATIENCE_SECONDS)
