#!/bin/sh
# Checks an exported transcript with stock tools: sh, jq, ssh-keygen, coreutils.
#
#   sh check.sh [FOLDER [ALLOWED_SIGNERS]]
#
# FOLDER holds transcript.jsonl; without it, the folder of this script is taken.
# ALLOWED_SIGNERS should be your own list and not the one in FOLDER.
# Prints a line beginning with WRONG for each thing that is wrong, and the heads.
# Exit status: 0 nothing wrong found, 1 something wrong, 2 it could not be run.

LC_ALL=C; export LC_ALL; unset IFS
folder=${1:-$(dirname -- "$0")}
signers=${2:-$folder/allowed_signers}
lines=$folder/transcript.jsonl
[ -r "$lines" ] && [ -r "$signers" ] || { echo "cannot read $lines or $signers" >&2; exit 2; }
for tool in jq ssh-keygen sha256sum base64 od; do
  command -v "$tool" > /dev/null || { echo "$tool is needed" >&2; exit 2; }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
status=0
wrong() { printf 'WRONG %s\n' "$*"; status=1; }

# 1. Each line is canonical JSON: what jq writes, sorted and without blanks, is the line itself.
[ "$(tail -c 1 "$lines" | od -An -tx1)" = ' 0a' ] || wrong 'the last line is not complete'
jq -RcS 'try fromjson catch "not JSON"' "$lines" > "$work/canonical" || { echo 'jq failed' >&2; exit 2; }
n=0
while IFS= read -r line <&3 || [ -n "$line" ]; do
  IFS= read -r same <&4
  n=$((n + 1))
  case $line in '{'*) ;; *) same= ;; esac
  [ "$line" = "$same" ] || wrong "line $n: it is not canonical"
done 3< "$lines" 4< "$work/canonical"
total=$n

# 2. The signers: for each the bytes that stand before an SSH signature of his over sha512, as octal escapes.
mode=$(jq -r 'select(type == "object" and .kind == "charter.found") | .body.mode? // empty' "$work/canonical" | head -n 1)
case "$mode $(cat "$signers")" in
  production\ *|\ *@production.ceremony*) mode=production ;;
  *) mode=rehearsal ;;
esac
space=ceremony-entry-v1@$mode.ceremony
size=$(printf '\\%03o' "${#space}")
while read -r who options kind key rest; do
  case $options in ssh-ed25519) key=$kind kind=$options ;; esac
  case $who in */*/* | *[!a-z0-9/-]*) continue ;; */*) ;; *) continue ;; esac
  [ "$kind" = ssh-ed25519 ] || continue
  file=${who%/*}.${who#*/}
  printf '%s %s\n' "$kind" "$key" > "$work/key.$file"
  { printf 'SSHSIG\000\000\000\001\000\000\000\063'
    printf '%s' "$key" | base64 -d
    printf '\000\000\000'"$size$space"'\000\000\000\000\000\000\000\006sha512'
    printf '\000\000\000\123\000\000\000\013ssh-ed25519\000\000\000\100'
  } | od -An -v -to1 | tr -d '\n' | tr ' ' '\\' > "$work/before.$file"
  echo >> "$work/before.$file"
done < "$signers"

# 3. One pass of jq takes every line apart: core, body, and the words that are needed beside them.
jq -rcS '
  def digits: explode | map(if . > 96 then . - 87 else . - 48 end);
  def octal: digits as $d | [range(0; $d | length; 2) | $d[.] * 16 + $d[. + 1]
    | "\\\((. / 64) | floor)\(((. / 8) | floor) % 8)\(. % 8)"] | add;
  def like($form): type == "string" and test("\\A\($form)\\z");
  def hex($n): like("[0-9a-f]{\($n)}");
  if type == "object" and (.sig | hex(128)) and (.leaf | hex(64)) and (.group | hex(64)) and (.kind | like("[a-z0-9.]+"))
    and (.author | like("[a-z][a-z0-9-]*")) and (.inc | tostring | like("[0-9]+")) and (.salt == null or (.salt | hex(64)))
  then del(.sig, .salt, .body), (.body // "-"),
    "\(.author).\(.inc) \(.kind) \(.salt // "-") \(.leaf) \(.group) \(.sig | octal)"
  else {}, "-", "- - - - - -" end' "$work/canonical" > "$work/parts" || { echo 'jq failed' >&2; exit 2; }

n=1000000 bare=0
: > "$work/sums"
while IFS= read -r core && IFS= read -r body && read -r who kind salt leaf group signature; do
  n=$((n + 1)) line=$((n - 999999))
  printf '%s\n' "$core" > "$work/core.$n"
  [ "$who" = - ] && { wrong "line $((line - 1)): it is no entry"; continue; }
  if [ "$body" = - ]; then
    bare=$((bare + 1))
  else
    printf 'ceremony-leaf-v1 %s %s\n' "$salt" "$body" > "$work/leaf.$n"
    echo "$leaf  leaf.$n" >> "$work/sums"
    if [ "$kind" = charter.found ]; then
      printf 'ceremony-group-v1 %s\n' "$body" > "$work/group.$n"
      echo "$group  group.$n" >> "$work/sums"
      printf '%s\n' "$body" > "$work/charter"
    fi
  fi

# 4. The signature over each core, put together as a file of ssh-keygen.
  before=
  [ -r "$work/before.$who" ] && read -r before < "$work/before.$who"
  { echo '-----BEGIN SSH SIGNATURE-----'
    printf "$before$signature" | base64
    echo '-----END SSH SIGNATURE-----'
  } > "$work/signature"
  ssh-keygen -Y verify -f "$signers" -I "${who%.*}/${who##*.}" -n "$space" -s "$work/signature" \
    < "$work/core.$n" > /dev/null 2>&1 || wrong "line $((line - 1)): the signature of ${who%.*}/${who##*.}"
done < "$work/parts"

# 5. Bodies are those that were signed for, and the charter is the one that gives the group its id.
if [ -s "$work/sums" ]; then
  (cd "$work" && sha256sum -c sums 2> /dev/null) > "$work/sums.out"
  while read -r name verdict; do
    name=${name%:} at=$((${name#*.} - 1000000))
    case $verdict in OK) ;; *) wrong "line $at: its body (${name%.*}) is not the one that was signed for" ;; esac
  done < "$work/sums.out"
fi

# 6. Ids, and what each entry says of the entries before it. Parents stand before children in an export.
(cd "$work" && sha256sum core.*) | cut -c 1-64 > "$work/ids"
while read -r id; do : > "$work/id.$id"; done < "$work/ids"
paste -d ' ' "$work/ids" "$work/canonical" | jq -Rrn '
  reduce (foreach inputs as $l (0; . + 1; [., $l[0:64], ($l[65:] | try fromjson catch null)])) as [$n, $id, $e]
    ({at: {}, place: {}, head: {}, fork: {}, group: null, out: []};
    if ($e | type) != "object" or ($e.seen | type) != "object" then . else
      "\($e.author)/\($e.inc)" as $chain | "\($chain) \($e.seq)" as $place | .group = (.group // $e.group)
      | .at as $at
      | .out += (
          [if .group != $e.group then "it is of another group" else empty end,
           if $at[$id] then "it stands here twice" else empty end,
           if (if $e.seq == 0 then $e.prev == "" else $at[$e.prev | tostring] == [$chain, $e.seq - 1] end) then empty
             else "the entry before it is not here, or not that" end,
           ($e.seen | to_entries[] | select($at[.value[1] | tostring] != [.key, .value[0]])
             | "what it says it has seen of \(.key) is not here, or not that"),
           if $e.ceremony == "" or $at[$e.ceremony | tostring] then empty else "the opening of its ceremony is not here" end]
          | map("WRONG line \($n): \(.)"))
      | (if .place[$place] and .place[$place] != $id
         then .fork[$chain] = ([.fork[$chain] // $e.seq, $e.seq] | min) else . end)
      | .place[$place] = (.place[$place] // $id) | .at[$id] = [$chain, $e.seq]
      | (if (.head[$chain] // [-1])[0] < $e.seq then .head[$chain] = [$e.seq, $id] else . end)
    end)
  | (.out[]), (.fork | to_entries[] | "WRONG two versions of \(.key) from place \(.value) on"),
    ([.head | keys[]] as $chains | .head as $head | .fork as $fork | $chains[]
      | if $fork[.] != null then "fork \(.) \($fork[.])" else "head \(.) \($head[.][0]) \($head[.][1])" end)' \
  > "$work/links" || { echo 'jq failed' >&2; exit 2; }
: > "$work/heads"
while IFS= read -r line; do
  case $line in
    WRONG*) wrong "${line#WRONG }" ;;
    *) printf '%s\n' "$line" >> "$work/heads" ;;
  esac
done < "$work/links"

# 7. The charter's own cards name the keys that your list names.
if [ -r "$work/charter" ]; then
  jq -r '.stations[] | "\(.name) \(.identity)"' "$work/charter" > "$work/cards" 2> /dev/null || wrong 'the charter has no cards'
  while read -r name identity; do
    known=
    [ -r "$work/key.$name.0" ] && read -r known < "$work/key.$name.0"
    [ "$identity" = "$known" ] || wrong "the key of $name in the charter is not the one in $signers"
  done < "$work/cards"
fi

# 8. Seals: each names entries that are here, and each signature over it is by whom its name says.
seals=0 countersigned=0
for seal in "$folder"/seals/*.seal; do
  [ -r "$seal" ] || continue
  seals=$((seals + 1)) id=${seal##*/} id=${id%.seal}
  while read -r word label seq entry; do
    [ "$word" != head ] || [ -e "$work/id.$entry" ] || wrong "seal $id: entry $entry of $label is not here"
  done < "$seal"
  for file in "$folder/seals/$id".*.sig; do
    [ -r "$file" ] || continue
    countersigned=$((countersigned + 1)) by=${file##*/} by=${by%.sig} by=${by#"$id".}
    for who in "${by%.*}/${by##*.}" "${by%.*}"; do
      ssh-keygen -Y verify -f "$signers" -I "$who" -n "ceremony-seal-v1@$mode.ceremony" -s "$file" \
        < "$seal" > /dev/null 2>&1 && continue 2
    done
    wrong "seal $id: the signature of ${by%.*}"
  done
done

cat "$work/heads"
echo "heads $(sha256sum < "$work/heads" | cut -c 1-64)"
echo "mode $mode, $total lines, $bare of them without body, $seals seals, $countersigned signatures over seals"
echo "Not checked here: whether what the entries say was allowed, the mathematics of keys and signatures, seal texts."
[ "$signers" != "$folder/allowed_signers" ] || echo "Not checked: that these keys are the stations' own; the list came with the transcript."
exit "$status"
