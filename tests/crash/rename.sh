#!/bin/sh
# usage: tests/crash/rename.sh TYPE...
#
# Whether a sync of the folder that files have left takes their new names along,
# as the model of a file system here says: on a new file system of each TYPE
# (ext4, xfs, btrfs, ext2) fifty files go from todo/ to wait/, todo/ is synced,
# and a copy of the device as it is then is mounted in its turn.  For root, with
# loop devices, mkfs.TYPE and 2 GB in TMPDIR; exit code 1: a name was lost.
set -eu
work=$(mktemp -d)
mkdir "$work/now" "$work/then"
trap 'umount "$work/now" "$work/then" 2>/dev/null; rm -rf "$work"' EXIT

move() {
  /usr/bin/python3 - "$1" <<'END'
import os, sys
os.chdir(sys.argv[1])
os.makedirs("todo")
os.makedirs("wait")
for n in range(50):
    with open(f"todo/{n}", "w") as f:
        f.write("x" * 5000)
os.sync()
for n in range(50):
    os.rename(f"todo/{n}", f"wait/{n}")
os.fsync(os.open("todo", os.O_RDONLY))
END
}

code=0
for type; do
  truncate -s 700M "$work/device"
  case $type in ext*) force=-F ;; *) force=-f ;; esac
  "mkfs.$type" -q $force "$work/device" >/dev/null
  mount -o loop "$work/device" "$work/now"
  move "$work/now"
  cp "$work/device" "$work/copy"
  umount "$work/now"
  mount -o loop "$work/copy" "$work/then"
  in_wait=$(find "$work/then" -path '*/wait/*' | wc -l)
  echo "$type: after a sync of todo/ alone: $(find "$work/then" -path '*/todo/*' | wc -l) in todo/, $in_wait in wait/, of 50"
  [ "$in_wait" -eq 50 ] || code=1
  umount "$work/then"
  rm "$work/device" "$work/copy"
done
exit $code
