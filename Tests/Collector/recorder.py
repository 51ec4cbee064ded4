"""Records the JSON bodies that are posted to it; `GET /` answers them all.

    recorder.py PORT
"""
import json
import sys
from http.server import ThreadingHTTPServer

from answers import Answers

recorded = []


class Recorder(Answers):
    def do_POST(self):
        recorded.append(json.loads(self.body()))
        self.answer({})

    def do_GET(self):
        self.answer(recorded)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Recorder).serve_forever()
