"""on-terminal.py COLUMNS COMMAND...: runs the command on a terminal of that width and prints what it showed there."""
import fcntl
import os
import pty
import struct
import sys
import termios

columns = int(sys.argv[1])
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
pid = os.fork()
if pid == 0:
    os.close(ours)
    os.login_tty(theirs) if hasattr(os, 'login_tty') else [os.dup2(theirs, fd) for fd in (0, 1, 2)]
    os.execvp(sys.argv[2], sys.argv[2:])
os.close(theirs)
shown = b''
while True:
    try:
        piece = os.read(ours, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
