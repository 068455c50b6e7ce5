"""What the dispatcher's side loads."""

import subprocess
import sys


def test_dispatch_does_not_load_torch():
    """A fresh interpreter that imports all of dispatch has neither torch nor a model library."""
    code = (
        "import sys, core.dispatch.dispatcher, core.dispatch.local, core.worker.process\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'peft', 'faster_whisper'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
