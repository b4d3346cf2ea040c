# bash completion for dateline(1)

_dateline_sources()
{
    # Ids of a running daemon, without a word when there is none.
    dateline sources 2>/dev/null </dev/null | tail -n +2 | cut -f1
}

_dateline_words()
{
    local IFS=$' \t\n'
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_dateline_files()
{
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}

_dateline()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local shared="--config --connect --json --key --server-key --help"
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _dateline_words "status sources source queue backup explain tail push parse classify train keygen help --help --help-config --version"
        return
    fi
    case $prev in
    -c | --config | --position | --key | --server-key) _dateline_files; return ;;
    --role) _dateline_words "worker subscriber publisher operator"; return ;;
    --kind) _dateline_words "feed page sitemap directory"; return ;;
    --every) _dateline_words "auto 5m 15m 1h"; return ;;
    --type) _dateline_words "auto rss atom jsonfeed sitemap page article wirecopy ninjs nitf newsml mail"; return ;;
    --state) _dateline_words "ready leased delayed dead"; return ;;
    --source) _dateline_words "$(_dateline_sources)"; return ;;
    --jail) _dateline_words "seccomp none"; return ;;
    --connect | --replay | --fetched | --id | --links | --skip | --topic | --since | --url | --charset | --name | --reason | --number | -n) return ;;
    esac
    case $command in
    help) _dateline_words "status sources source queue backup explain tail push parse classify train keygen" ;;
    status | sources) _dateline_words "$shared" ;;
    queue) _dateline_words "list dead show requeue purge --state --reason --number --all --dead --all-ready --yes $shared" ;;
    explain)
        if [[ $cur == -* ]]; then _dateline_words "$shared"; else _dateline_words "$(_dateline_sources)"; fi ;;
    source)
        if ((COMP_CWORD == 2)); then
            _dateline_words "add remove pause resume refresh $shared"
        elif [[ $cur == -* ]]; then
            _dateline_words "--id --kind --every --links --skip --since --allow-private $shared"
        elif [[ ${COMP_WORDS[2]} == add ]]; then
            compopt -o dirnames 2>/dev/null
        else
            _dateline_words "$(_dateline_sources)"
        fi ;;
    tail) _dateline_words "--topic --since --replay -n $shared" ;;
    push)
        if [[ $cur == -* ]]; then _dateline_words "--source --type --ndjson --backfill --url --position $shared"; else _dateline_files; fi ;;
    parse)
        if [[ $cur == -* ]]; then _dateline_words "--type --url --charset --content-type --content-encoding --links --skip --describe --fetched --jail --in-process --help"; else _dateline_files; fi ;;
    backup) if [[ $cur == -* ]]; then _dateline_words "--keep --verify --list $shared"; else _dateline_files; fi ;;
    keygen) if [[ $cur == -* ]]; then _dateline_words "--name --role --help"; else _dateline_files; fi ;;
    classify) if [[ $cur == -* ]]; then _dateline_words "--analyzers --models --help"; else _dateline_files; fi ;;
    train)
        if ((COMP_CWORD == 2)); then
            _dateline_words "topics language --help"
        elif [[ $cur == -* ]]; then
            _dateline_words "--data --words --out --eval --help"
        else
            _dateline_files
        fi ;;
    esac
}

complete -F _dateline dateline
