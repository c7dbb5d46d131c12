#!/bin/sh
# What a newcomer has to read, in numbers: sh xtask/count.sh [COMMIT]
set -eu
commit=${1:-HEAD}
files() { git ls-tree -r --name-only "$commit" | grep '\.rs$'; }
# Lines of these folders' sources that match.
hits() { pattern=$1; shift; { git grep -hE "$pattern" "$commit" -- "$@" || true; } | wc -l; }

for file in $(files); do git show "$commit:$file" | wc -l; done | sort -n | awk '
    { n[NR] = $1; sum += $1 }
    END { print NR, "Rust files"; print sum, "lines"
          print n[int((NR + 1) / 2)], "lines, the median file"; print n[NR], "lines, the longest" }'
for file in $(files); do git show "$commit:$file" | head -n 1 | grep -q '^//!' || echo; done | wc -l | tr '\n' ' '
echo "files without a comment on top"
echo "$(hits 'cfg\((any|all|not)?\(?feature = "(engine|weights)"' core/src) switches in core between what computes and what does not"
echo "$(hits '[a-z]\.step\(\);$' core/src trainer/src web/src) lines that make a run step"
echo "$(hits '^ *(pub )?enum [A-Za-z]*Start' core/src trainer/src web/src) enums of where an image starts"
echo "$(hits 'struct Row\b' core/src trainer/src web/src) structs called Row"
echo "$(hits 'struct Checkpoint\b' trainer/src) structs called Checkpoint"
echo "$(hits 'backend: Backend,' trainer/src) declarations of --backend"
