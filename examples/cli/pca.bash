# Completion of pca for bash. What there is, the program itself says: "NOUN VERB --option --option=...", - for none, and
# "= --option WORD..." for what an option takes.
_pca() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} noun='' verb='' all line='' skip='' i
    COMPREPLY=()
    all=$(pca --commands 2>/dev/null)
    # readline parts --option=VALUE at the sign.
    [ "$word" = = ] && word=''
    [ "$before" = = ] && before=${COMP_WORDS[COMP_CWORD - 2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ -n "$skip" ]; then
            [ "${COMP_WORDS[i]}" = = ] || skip=''
            continue
        fi
        case ${COMP_WORDS[i]} in
        -r | -o) skip=1 ;;
        --*) [[ $all == *" ${COMP_WORDS[i]}="* ]] && skip=1 ;;
        -* | =) ;;
        *) if [ -z "$noun" ]; then noun=${COMP_WORDS[i]}; elif [ -z "$verb" ]; then verb=${COMP_WORDS[i]}; fi ;;
        esac
    done
    if [ -n "$skip" ]; then
        line=$(awk -v o="$before" '$1 == "=" && $2 == o { $1 = $2 = ""; print }' <<<"$all")
    elif [[ $word == -* ]]; then
        line=$(awk -v n="${noun:--}" -v v="$verb" '
            $1 == n && ($2 == v || ($2 == "-" && !found)) { found = 1; $1 = $2 = ""; text = $0 }
            END { print text }' <<<"$all" | tr -d =)
    elif [ -z "$noun" ]; then
        line=$(awk '$1 !~ /^[-=]$/ { print $1 }' <<<"$all" | uniq)
    elif [ -z "$verb" ]; then
        line=$(awk -v n="$noun" '$1 == n && $2 != "-" { print $2 }' <<<"$all")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$line" -- "$word")
}
complete -o default -F _pca pca
