# What is looked at on NFS: /mnt/a (version 4.2) and /mnt/b (version 3) are the
# same export, /export is what lies under it.
local=/srv/owlpost/libexec/owlpost/owl-local
tools=/srv/owlpost/libexec/owlpost/dotqmail
good=true

# must NAME GOT WANTED
must() {
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "   should be $3"; good=false; }
}

as_joe() { /sbin/as-user --reuid 1000 --regid 1000 --clear-groups "$@"; }
letter() { echo "Subject: $1"; echo; seq 1 300; echo "end of $1"; }

# deliver MOUNT NAME MAILBOX: its exit code and name go to /tmp/codes
deliver() {
  letter "$2" | as_joe $local joe "$1/joe" joe '' '' example.org from@example.org "$3" >/dev/null 2>>/tmp/errors
  echo "$? $2" >>/tmp/codes
}

# sixteen MAILBOX COUNT: eight writers on each mount, COUNT letters from each
sixteen() {
  for writer in 1 2 3 4 5 6 7 8; do
    for mount in a b; do
      (for i in $(seq 1 "$2"); do deliver /mnt/$mount $mount$writer-$i "$1"; done) &
    done
  done
}

begin() { rm -f /tmp/codes /tmp/errors; : >/tmp/errors; : >/tmp/codes; chmod 666 /tmp/errors; }
codes() { cut -d' ' -f1 /tmp/codes | sort | uniq -c | awk '{printf "%s%s times %s", s, $1, $2; s=", "}'; }

echo '== two mounts of one export'
grep ' nfs' /proc/mounts | cut -d, -f1-3
mkdir -m 700 /export/joe
chown 1000:1000 /export/joe
as_joe $tools/maildirmake /mnt/a/joe/Maildir || good=false

echo '== a Maildir, sixteen writers on two mounts, the server gone for two seconds in between'
begin
sixteen ./Maildir/ 20
while [ "$(wc -l </tmp/codes)" -lt 60 ]; do sleep 1; done
rpc.nfsd 0
sleep 2
rpc.nfsd 4
wait
must 'exit codes' "$(codes)" '320 times 0'
cd /export/joe/Maildir
must 'letters in new/' "$(ls new | wc -l)" 320
must 'left in tmp/' "$(ls tmp | wc -l)" 0
for file in new/*; do
  name=$(sed -n 's/^Subject: //p' "$file")
  [ "$(tail -n 1 "$file")" = "end of $name" ] || echo "torn: $file"
  [ "$(wc -c <"$file")" = "$(echo "$file" | sed 's/.*,S=\([0-9]*\).*/\1/')" ] || echo "its name lies: $file"
  echo "$name" >>/tmp/found
done >/tmp/faults
must 'torn, or with a size in the name that is not theirs' "$(wc -l </tmp/faults)" 0
must 'different ones' "$(sort -u /tmp/found | wc -l)" 320
cd /

echo '== an mbox, sixteen writers on two mounts'
begin
sixteen ./mbox 5
wait
must 'exit codes' "$(codes)" '80 times 0'
must 'From lines' "$(grep -c '^From ' /export/joe/mbox)" 80
must 'ends' "$(grep -c '^end of' /export/joe/mbox)" 80

echo '== the file system behind the server is full'
begin
dd if=/dev/zero of=/export/full bs=1M 2>/dev/null
deliver /mnt/a late ./Maildir/
must 'exit codes' "$(codes)" '1 times 111'
cut -c1-72 /tmp/errors
must 'left in tmp/' "$(ls /export/joe/Maildir/tmp | wc -l)" 0
rm /export/full
begin
deliver /mnt/a late ./Maildir/
must 'exit codes when there is room' "$(codes)" '1 times 0'

if $good; then echo '== as it must be'; else echo '== NOT as it must be'; fi
