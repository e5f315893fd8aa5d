# Completion of pca for bash. What there is, the program itself says.
_pca() {
    local word=${COMP_WORDS[COMP_CWORD]} noun='' verb='' line skip='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ -n "$skip" ]; then skip=; continue; fi
        case ${COMP_WORDS[i]} in
        -r | --region | --key-file | --passphrase-file | --passphrase-fd | --actor) skip=1 ;;
        -*) ;;
        *) if [ -z "$noun" ]; then noun=${COMP_WORDS[i]}; elif [ -z "$verb" ]; then verb=${COMP_WORDS[i]}; fi ;;
        esac
    done
    case $word in
    -*)
        line=$(pca --commands 2>/dev/null | awk -v n="$noun" -v v="$verb" '
            $1 == n && ($2 == v || ($2 == "-" && !found)) { found = 1; $1 = $2 = ""; text = $0 }
            n == "" { text = "--region --key-file --passphrase-file --passphrase-fd --actor --json --yes --version --help" }
            END { print text }')
        ;;
    *)
        if [ -z "$noun" ]; then
            line=$(pca --commands 2>/dev/null | cut -d ' ' -f 1 | uniq)
        elif [ -z "$verb" ]; then
            line=$(pca --commands 2>/dev/null | awk -v n="$noun" '$1 == n && $2 != "-" { print $2 }')
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$line" -- "$word")
}
complete -o default -F _pca pca
