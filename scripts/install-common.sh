# shellcheck shell=sh
# shellcheck disable=SC2034
# install-common.sh - what install-cron, install-systemd and install-launchd
# share: options, who and which configuration, `hfcron check`, writing files.
# Sourced by them, not run.
#
# The script sets `scheduler`, a word for messages, before it sources this.
#
# Paths are bytes.  None with a control byte gets past refuse_control, so that
# a line is a line in every file that is written here.
: "${scheduler:?}"
LC_ALL=C
export LC_ALL
umask 022

me=$(basename "$0")
here=$(cd "$(dirname "$0")" && pwd) || exit 1
mark="Written by hfcron's $me; a new call of it may overwrite changes."
nl='
'
tmp=

say() {
	printf '%s: %s\n' "$me" "$*" >&2
}

# die [STATUS] TEXT
die() {
	status=1
	case $1 in
	[0-9]) status=$1; shift ;;
	esac
	say "$*"
	exit "$status"
}

clean_up() {
	[ -z "$tmp" ] || rm -rf "$tmp"
}

# The comment at the top of the script is its help.
print_help() {
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# --- options

form='' user='' run_as='' hfcron='' config='' root='' token_file=''
every=5 dry_run=no uninstall=no

refuse_control() {
	case $1 in
	*[[:cntrl:]]*) die 2 "a path has a control character in it, which $scheduler cannot hold" ;;
	esac
}

# option_value NAME COUNT VALUE
option_value() {
	if [ "$2" -eq 0 ] || [ -z "$3" ]; then
		die 2 "$1 needs a value; see $me --help"
	fi
	value=$3
	refuse_control "$value"
}

parse_options() {
	while [ $# -gt 0 ]; do
		option=$1
		shift
		case $option in
		--*=*)
			set -- "${option#*=}" "$@"
			option=${option%%=*}
			;;
		--user)
			case ${1-} in
			'' | -*) form=user && continue ;;
			esac
			;;
		esac
		case $option in
		--system) form=system && continue ;;
		--dry-run) dry_run=yes && continue ;;
		--uninstall) uninstall=yes && continue ;;
		--help | -h) print_help && exit 0 ;;
		--user | --run-as | --hfcron | --config | --every | --root | --token-file) ;;
		*) die 2 "unknown option \"$option\"; see $me --help" ;;
		esac
		option_value "$option" $# "${1-}"
		shift
		case $option in
		--user) form=user user=$value ;;
		--run-as) run_as=$value ;;
		--hfcron) hfcron=$value ;;
		--config) config=$value ;;
		--every) every=$value ;;
		--root) root=${value%/} ;;
		--token-file) token_file=$value ;;
		esac
	done
}

check_every() {
	case $every in
	1 | 2 | 3 | 4 | 5 | 6 | 10 | 12 | 15 | 20 | 30 | 60) ;;
	*) die 2 "--every is a number of minutes that divides the hour (1 2 3 4 5 6 10 12 15 20 30 60), not \"$every\"" ;;
	esac
}

# absolute PATH: printed; what does not exist is left to those who read it.
absolute() {
	dir=$(cd "$(dirname "$1")" 2>/dev/null && pwd) || {
		printf '%s\n' "$1"
		return
	}
	printf '%s/%s\n' "${dir%/}" "$(basename "$1")"
}

# --- who

# choose_who: form, name (of the user it runs as) and home.
choose_who() {
	self=$(id -un)
	uid=$(id -u)
	if [ -z "$form" ]; then
		form=user
		[ "$uid" -ne 0 ] || form=system
		[ -z "$root" ] || form=system
	fi
	if [ "$form" = user ]; then
		[ -z "$run_as" ] || die 2 "--run-as belongs to --system; --user NAME names a user's own"
		[ -z "$root" ] || die 2 "--root belongs to --system"
		name=${user:-$self}
		[ "$name" = "$self" ] || [ "$uid" -eq 0 ] ||
		    die 2 "only root installs for somebody else (--user $name)"
	else
		[ "$uid" -eq 0 ] || [ -n "$root" ] || [ "$dry_run" = yes ] ||
		    die 2 "--system needs root; --user installs for you alone"
		name=$run_as
	fi
	[ "$uninstall" = no ] || [ -n "$name" ] || name=$self
	[ -n "$name" ] || default_run_as
	case $name in
	-* | *[!A-Za-z0-9._-]*) die 2 "\"$name\" is no name of a user" ;;
	esac
	home=$(eval "printf '%s\n' ~$name")
	# cron asks the password database; other managers are told HOME.
	[ "$scheduler$name" = "cron$self" ] || [ "$name" != "$self" ] ||
	    home=${HOME:-$home}
	case $home in
	/*) ;;
	*)
		[ -n "$root" ] || [ "$uninstall" = yes ] ||
		    die 2 "there is no user \"$name\""
		home=/
		;;
	esac
}

# A client of the network is not run as root because nobody said otherwise.
default_run_as() {
	id hfcron >/dev/null 2>&1 ||
	    die 2 "say which user it runs as: --run-as NAME (root, too, only if you say so); a user \"hfcron\" would be taken unasked"
	name=hfcron
}

# bare COMMAND...: as that user, in the environment a scheduler gives.
bare() (
	cd "$home" 2>/dev/null || cd /
	set -- env -i HOME="$home" LOGNAME="$name" USER="$name" SHELL=/bin/sh \
	    PATH=/usr/bin:/bin "$@"
	if [ "$name" = "$self" ] || [ -n "$root" ]; then
		exec "$@"
	elif command -v runuser >/dev/null; then
		exec runuser -u "$name" -- "$@"
	elif command -v sudo >/dev/null; then
		exec sudo -n -u "$name" -- "$@"
	fi
	die "cannot act as $name: neither runuser nor sudo is here"
)

# --- which program, which configuration

is_program() {
	[ -f "$1" ] && [ -x "$1" ]
}

find_hfcron() {
	if [ -n "$hfcron" ]; then
		hfcron=$(absolute "$hfcron")
		is_program "$hfcron" || die 2 "--hfcron $hfcron is no program"
		return
	fi
	hfcron=$(command -v hfcron)
	if [ -n "$hfcron" ] && is_program "$hfcron"; then
		hfcron=$(absolute "$hfcron")
		return
	fi
	# make install: PREFIX/share/hfcron and PREFIX/bin.
	for hfcron in "$here/../../bin/hfcron" "$here/../build/hfcron" "$here/../hfcron"; do
		is_program "$hfcron" || continue
		hfcron=$(absolute "$hfcron")
		[ "${hfcron%/bin/hfcron}" != "$hfcron" ] ||
		    say "warning: hfcron is not installed; taking $hfcron, which must stay there (make install is better)"
		return
	done
	die 2 "there is no hfcron in PATH; install it, or name it with --hfcron"
}

# find_config: the file that the entry will name, "" for none, and its id.  The
# order is hfcron's own; a shell's variables say nothing about somebody else.
find_config() {
	xdg=$home/.config
	if [ -z "$config" ] && [ "$name" = "$self" ] && [ -z "$root" ]; then
		config=${HFCRON_CONFIG-}
		xdg=${XDG_CONFIG_HOME:-$xdg}
	fi
	for file in "$xdg/hfcron/hfcron.yaml" /etc/hfcron/hfcron.yaml; do
		[ -z "$config" ] && [ -f "$file" ] && config=$file
	done
	refuse_control "$config"
	id=default
	[ -n "$config" ] || return 0
	config=$(absolute "$config")
	case $config in
	"$home/.config/hfcron/hfcron.yaml" | /etc/hfcron/hfcron.yaml) return ;;
	esac
	id=$(printf %s "$config" | cksum | cut -d ' ' -f 1)
}

# file_name: of what is made for this configuration.
file_name() {
	case $id in
	default) echo hfcron ;;
	*) echo "hfcron-$id" ;;
	esac
}

# --- hfcron check

# The strings at the top of an object, also those of lists: KEY, a tab, VALUE.
# Control characters come out as \001, to be refused.
json_strings() {
	awk '
	{ text = text $0 " " }
	END {
		while (text != "") {
			if (!match(text, /^"([^"\\]|\\.)*"/)) {
				c = substr(text, 1, 1)
				if (c == "{" || c == "[")
					depth++
				else if (c == "}" || c == "]")
					depth--
				text = substr(text, 2)
				continue
			}
			s = substr(text, 2, RLENGTH - 2)
			text = substr(text, RLENGTH + 1)
			if (text ~ /^ *:/) {
				if (depth == 1)
					key = s
				if (s == "problems")
					exit
			} else if (depth <= 2) {
				print key "\t" plain(s)
			}
		}
	}
	function plain(s,    out, c) {
		while (match(s, /\\./)) {
			out = out substr(s, 1, RSTART - 1)
			c = substr(s, RSTART + 1, 1)
			s = substr(s, RSTART + 2)
			if (c == "u") {
				out = out utf8(number(substr(s, 1, 4)))
				s = substr(s, 5)
			} else {
				out = out (c ~ /["\\\/]/ ? c : "\001")
			}
		}
		return out s
	}
	function number(hex,    i, n) {
		for (i = 1; i <= 4; i++)
			n = n * 16 + index("123456789abcdef",
			    tolower(substr(hex, i, 1)))
		return n
	}
	# Of a pair the first half waits for the second.
	function utf8(n) {
		if (n >= 55296 && n < 56320) {
			high = n - 55296
			return ""
		}
		if (n >= 56320 && n < 57344)
			n = 65536 + high * 1024 + n - 56320
		if (n < 128)
			return n < 32 ? "\001" : sprintf("%c", n)
		if (n < 2048)
			return sprintf("%c", 192 + int(n / 64)) tail(n, 1)
		if (n < 65536)
			return sprintf("%c", 224 + int(n / 4096)) tail(n, 2)
		return sprintf("%c", 240 + int(n / 262144)) tail(n, 3)
	}
	function tail(n, count) {
		return (count > 1 ? tail(int(n / 64), count - 1) : "") \
		    sprintf("%c", 128 + n % 64)
	}'
}

# hfcron, and the file if there is one, as words of a command.
run_hfcron() {
	if [ -n "$config" ]; then
		bare "$hfcron" --config "$config" "$@"
	else
		bare "$hfcron" "$@"
	fi
}

# check_config: refuse what is broken; what is used is in $tmp/paths then.
check_config() {
	run_hfcron check --format json >"$tmp/json" 2>"$tmp/said" || {
		status=$?
		cat "$tmp/said" >&2
		[ -s "$tmp/said" ] || cat "$tmp/json" >&2
		[ "$status" -lt 10 ] || status=1
		die "$status" "not installed: \"hfcron check\" must be content first, as $name and without this shell's variables"
	}
	json_strings <"$tmp/json" >"$tmp/paths"
	refuse_control "$(tr '\t\n' '  ' <"$tmp/paths")"
}

# paths_of KEY...: one a line.
paths_of() {
	for key; do
		sed -n "s/^$key	//p" "$tmp/paths"
	done
}

# Never copied into the entry: a token would be for all to see there.
tell_variables() {
	[ "$name" = "$self" ] || return 0
	for variable in $(env | sed -n 's/^\(HF_[A-Z_]*\|HUGGING[A-Z_]*\|[a-zA-Z]*_[pP][rR][oO][xX][yY]\|XDG_CACHE_HOME\|XDG_STATE_HOME\|TRANSFORMERS_OFFLINE\|SSL_CERT_[A-Z]*\)=..*/\1/p' | sort -u); do
		case $variable in
		HF_TOKEN | HUGGING_FACE_HUB_TOKEN) how="put the token in a file with mode 0600 and name that as token_file" ;;
		HF_TOKEN_PATH) how="name it as token_file" ;;
		HF_ENDPOINT) how="name it as endpoint" ;;
		HF_HOME | HF_HUB_CACHE | HUGGINGFACE_HUB_CACHE | XDG_CACHE_HOME) how="name the folder as cache_dir" ;;
		XDG_STATE_HOME) how="name the folder as state_dir" ;;
		*_[pP][rR][oO][xX][yY]) how="name it as transfer.proxy" ;;
		*) how= ;;
		esac
		say "note: $variable is set in this shell, and $scheduler will not have it${how:+: $how in hfcron.yaml}"
	done
}

# start: everything up to and including the check.
start() {
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	tmp=$(mktemp -d) || exit 1
	parse_options "$@"
	check_every
	choose_who
	find_config
	[ "$uninstall" = no ] || return 0
	find_hfcron
	refuse_control "$hfcron$config"
	check_config
	tell_variables
}

# --- files

is_marked() {
	head -n 3 "$1" 2>/dev/null | grep -q -F "Written by hfcron's $me;"
}

# Somebody else's file of that name stays what it is.
refuse_foreign() {
	[ ! -e "$root$1" ] && [ ! -h "$root$1" ] || is_marked "$root$1" ||
	    die "$root$1 is there and was not written by $me: nothing done"
}

# put_file PATH FILE: FILE becomes PATH unless it is that already; or is shown.
put_file() {
	if [ "$dry_run" = yes ]; then
		printf '# %s\n' "$root$1"
		cat "$2"
		return
	fi
	if cmp -s "$2" "$root$1"; then
		say "$root$1 is as it should be"
		return
	fi
	changed=yes
	mkdir -p "$(dirname "$root$1")" || exit 1
	# A dot in front: no scheduler reads it before it is whole.
	new=$(dirname "$root$1")/.$(basename "$1").new
	if cp "$2" "$new" && chmod 644 "$new" && mv -f "$new" "$root$1"; then
		say "wrote $root$1"
	else
		rm -f "$new"
		die "cannot write $root$1"
	fi
}

# drop_file PATH: if it is there and ours.
drop_file() {
	if [ ! -e "$root$1" ]; then
		say "there is no $root$1"
	elif ! is_marked "$root$1"; then
		say "$root$1 was not written by $me: left as it is"
	elif [ "$dry_run" = yes ]; then
		say "would remove $root$1"
	else
		rm -f "$root$1" || exit 1
		changed=yes
		say "removed $root$1"
	fi
}
changed=no

# make_folders: what hfcron would make at its first run, for an entry that may
# write nowhere else.
make_folders() {
	[ "$dry_run$root" = no ] || return 0
	folder=$(paths_of state_dir)
	# shellcheck disable=SC2016
	[ -d "$folder" ] || bare sh -c 'umask 077; mkdir -p "$1"' sh "$folder" ||
	    die "cannot make state_dir $folder as $name"
	{
		paths_of cache_dir local_dirs
		dirname "$(paths_of log_file)"
	} | while IFS= read -r folder; do
		[ -d "$folder" ] || bare mkdir -p "$folder" ||
		    die "cannot make $folder as $name"
	done || exit 1
}
