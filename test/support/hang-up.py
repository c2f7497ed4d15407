"""hang-up.py WORD COMMAND...: runs the command on a terminal and closes that terminal once it has shown the word."""
import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b''
while sys.argv[1].encode() not in shown:
    try:
        shown += os.read(terminal, 4096)
    except OSError:
        sys.exit(9)
os.close(terminal)
os.waitpid(pid, 0)
