# shellcheck shell=sh
# shellcheck disable=SC2034
# common.sh - what quickstart and check share.  Sourced by them, not run.

top=$(cd "$(dirname "$0")/.." && pwd)
me=$(basename "$0")
cpus=$(nproc 2>/dev/null || echo 2)

say() {
	printf '%s: %s\n' "$me" "$*"
}

die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root (or sudo) to: $*"
	fi
}

# Under sudo the tree belongs to somebody else: what we write there, and in a
# home, must be theirs and not root's.  find_owner decides once; `as_owner`
# runs a command as that user.
owner_uid=$(id -u)
owner_gid=$(id -g)
owner_home=${HOME-}
find_owner() {
	[ "$(id -u)" -eq 0 ] || return 0
	uid=$(stat -c %u "$top")
	gid=$(stat -c %g "$top")
	[ "$uid" -ne 0 ] || return 0
	# Behind a folder of root's the owner cannot work: stay root then.
	setpriv --reuid="$uid" --regid="$gid" --clear-groups \
	    test -w "$top" 2>/dev/null || return 0
	owner_uid=$uid
	owner_gid=$gid
	owner_home=$(getent passwd "$uid" | cut -d: -f6)
}

as_owner() {
	if [ "$owner_uid" -eq "$(id -u)" ]; then
		"$@"
	else
		setpriv --reuid="$owner_uid" --regid="$owner_gid" \
		    --clear-groups env -u SUDO_USER -u SUDO_UID -u SUDO_GID \
		    HOME="${owner_home:-/nonexistent}" "$@"
	fi
}

is_installed() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	"install ok installed") return 0 ;;
	esac
	return 1
}

# logged FILE COMMAND... - as the owner, its output in FILE, which is theirs.
logged() {
	# shellcheck disable=SC2016
	as_owner sh -c 'log=$1; shift; exec "$@" >"$log" 2>&1' sh "$@"
}

# install_packages WHAT PACKAGE...
# "a|b": either will do, and a is installed if there is neither.  Asks the
# network only if something is missing.
install_packages() {
	what=$1
	shift
	command -v dpkg-query >/dev/null || {
		say "no Debian or Ubuntu: please see yourself that there are: $*"
		return 0
	}
	missing=
	for package; do
		found=no
		for one in $(echo "$package" | tr '|' ' '); do
			is_installed "$one" && found=yes
		done
		[ "$found" = yes ] || missing="$missing ${package%%|*}"
	done
	[ -n "$missing" ] || return 0
	say "installing what $what:$missing"
	as_root apt-get -qq -o DPkg::Lock::Timeout=300 update ||
	    die "apt-get update failed"
	# Word splitting of the list is meant.
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
	    install --no-install-recommends $missing >/dev/null ||
	    die "apt-get could not install:$missing"
}

build_packages='gcc libc6-dev make autoconf automake pkg-config|pkgconf
libcurl4-openssl-dev|libcurl4-gnutls-dev liblmdb-dev libyaml-dev libssl-dev
libjsmn-dev ca-certificates tzdata'
