# shellcheck shell=sh
# shellcheck disable=SC2154
# windows-libraries.sh - the static libraries that hfcron.exe is made of, and
# cmocka for its tests.  Sourced by build-windows after common.sh, not run.
#
# It wants $CC, $area (a folder), $logs, $tmp, $update (yes or no) and step().
# build_libraries makes $prefix, which is named after this file's content: a
# change here builds anew, and nothing else does but --update.

stamp=$(sha256sum <"$top/scripts/windows-libraries.sh" | cut -c 1-16)
prefix=$area/prefix-$stamp

# --- sources

# The machine's own package sources, asked for sources; in lists of our own, so
# that the system's stay as they are.
write_sources_lists() {
	as_owner mkdir -p "$area/apt/sources" "$area/apt/lists/partial" \
	    "$area/apt/cache/archives/partial"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		[ -f "$file" ] || continue
		case $file in
		*.list) edit='s/^deb\(-src\)\{0,1\}\([[:space:]]\)/deb-src\2/' ;;
		*.sources) edit='s/^Types:.*/Types: deb-src/' ;;
		*) continue ;;
		esac
		sed "$edit" "$file" | as_owner tee \
		    "$area/apt/sources/$(basename "$file")" >/dev/null
	done
}

# As the owner, who may write there, and whom apt's own user cannot follow into
# a closed home.
our_apt() {
	as_owner apt-get -q -o Dir::Etc::sourcelist=/dev/null \
	    -o Dir::Etc::sourceparts="$area/apt/sources" \
	    -o Dir::State::lists="$area/apt/lists" \
	    -o Dir::Cache="$area/apt/cache" \
	    -o APT::Sandbox::User= -o Acquire::Languages=none \
	    -o APT::Get::AllowUnauthenticated=false "$@"
}

get_sources() {
	say "getting the sources of the libraries"
	write_sources_lists
	# One entry of somebody else's that has no sources must not matter:
	# what is missing in the end is told by the next command.
	our_apt update >"$tmp/apt" 2>&1 || :
	as_owner rm -rf "$area/src"
	as_owner mkdir -p "$area/src"
	(cd "$area/src" && our_apt source curl lmdb libyaml cmocka) \
	    >>"$tmp/apt" 2>&1 || {
		tail -n 20 "$tmp/apt" >&2
		die "apt-get source failed"
	}
}

# version_of PACKAGE: upstream's, of the source that was fetched.
version_of() {
	sed -n 's/^Version: \([0-9]*:\)\{0,1\}\([^-]*\).*/\2/p' \
	    "$area/src/$1"_*.dsc | head -n 1
}

# --- libraries
#
# Each is a handful of C files and a few definitions: what a configure script
# would find out about Windows takes it longer than the compiler needs.

# library NAME FOLDER FLAGS FILE...: lib<NAME>.a from the files.
library() {
	lib=$1
	in=$area/src/$2
	flags=$3
	shift 3
	# shellcheck disable=SC2016
	step "building $lib" "build-$lib" sh -c '
		cc=$1 flags=$2 cpus=$3 out=$4
		cd "$5" || exit 1
		shift 5
		mkdir -p hfcron-objects || exit 1
		for file; do
			object=$(echo "${file%.c}" | tr / _)
			echo "-c $file -o hfcron-objects/$object.o"
		done | xargs -P "$cpus" -L 1 "$cc" -O2 -ffunction-sections \
		    -fdata-sections -D_WIN32_WINNT=0x0601 $flags || exit 1
		rm -f "$out"
		"${cc%gcc}ar" cr "$out" hfcron-objects/*.o' sh \
	    "$CC" "$flags" "$cpus" "$prefix.new/lib/lib$lib.a" "$in" "$@"
}

# pkg_config MODULE VERSION CFLAGS LIBS
pkg_config() {
	as_owner tee "$prefix.new/lib/pkgconfig/$1.pc" >/dev/null <<-EOF
	prefix=$prefix
	Name: $1
	Description: $1, static, for Windows
	Version: $2
	Cflags: -I\${prefix}/include $3
	Libs: -L\${prefix}/lib $4
	EOF
}

# files_of FOLDER PATTERN...: relative names.
files_of() {
	(
		cd "$area/src/$1" || exit 1
		shift
		# Patterns are meant to be expanded.
		# shellcheck disable=SC2048,SC2086
		ls $*
	)
}

build_curl() {
	folder=curl-$(version_of curl)
	# shellcheck disable=SC2046
	library curl "$folder/lib" "-I. -I../include -DBUILDING_LIBCURL
	    -DCURL_STATICLIB -DHTTP_ONLY -DCURL_DISABLE_ALTSVC
	    -DCURL_DISABLE_HSTS -DCURL_DISABLE_COOKIES
	    -DCURL_DISABLE_MIME -DCURL_DISABLE_DOH -DUSE_SCHANNEL
	    -DUSE_WINDOWS_SSPI -DENABLE_IPV6 -DUSE_IPV6 -DUNICODE -D_UNICODE" \
	    $(files_of "$folder/lib" '*.c' 'vauth/*.c' 'vtls/*.c' \
		'vquic/*.c' 'vssh/*.c' 'curlx/*.c' 2>/dev/null)
	as_owner cp -R "$area/src/$folder/include/curl" "$prefix.new/include/"
	pkg_config libcurl "$(version_of curl)" -DCURL_STATICLIB \
	    "-lcurl -lws2_32 -lcrypt32 -lbcrypt -ladvapi32"
	licence curl "$folder/COPYING"
}

# In a path with the prefix that lifts the limit of 260 characters only "\" parts
# names, and LMDB appends "/data.mdb".  hfcron gives it such paths alone
# (map_file_path in src/platform/win32).
patch_lmdb() {
	as_owner sed -i \
	    's,MDB_NAME("/\(data\|lock\)\.mdb"),MDB_NAME("\\\\\1.mdb"),' "$1"
	[ "$(grep -c 'MDB_NAME("\\\\[a-z]*\.mdb")' "$1")" -eq 2 ] ||
	    die "$1 does not name its files as expected"
}

build_lmdb() {
	folder=lmdb-$(version_of lmdb)/libraries/liblmdb
	patch_lmdb "$area/src/$folder/mdb.c"
	library lmdb "$folder" "" mdb.c midl.c
	as_owner cp "$area/src/$folder/lmdb.h" "$prefix.new/include/"
	pkg_config lmdb "$(version_of lmdb)" '' '-llmdb -lntdll'
	licence lmdb "$folder/LICENSE"
}

build_yaml() {
	version=$(version_of libyaml)
	folder=libyaml-$version
	# Word splitting is meant.
	# shellcheck disable=SC2046
	set -- $(echo "$version" | tr . ' ')
	# shellcheck disable=SC2046
	library yaml "$folder" "-Iinclude -DYAML_DECLARE_STATIC
	    -DYAML_VERSION_MAJOR=$1 -DYAML_VERSION_MINOR=$2
	    -DYAML_VERSION_PATCH=$3 -DYAML_VERSION_STRING=\"$version\"" \
	    $(files_of "$folder" 'src/*.c')
	as_owner cp "$area/src/$folder/include/yaml.h" "$prefix.new/include/"
	pkg_config yaml-0.1 "$version" -DYAML_DECLARE_STATIC -lyaml
	licence libyaml "$folder/License"
}

# For the tests only.
build_cmocka() {
	folder=cmocka-$(version_of cmocka)
	library cmocka "$folder" "-Iinclude -DCMOCKA_STATIC
	    -D__USE_MINGW_ANSI_STDIO=1 -DHAVE_INTTYPES_H
	    -DHAVE_SETJMP_H -DHAVE_SIGNAL_H -DHAVE_STRING_H -DHAVE_STRINGS_H
	    -DHAVE_TIME_H -DHAVE_IO_H -DHAVE_MALLOC_H -DHAVE_SNPRINTF
	    -DHAVE_VSNPRINTF -DHAVE_STRUCT_TIMESPEC
	    -DHAVE_GCC_THREAD_LOCAL_STORAGE -Wno-format" src/cmocka.c
	# Its printf is the C11 one, as in all of hfcron.
	sed 's/__printf__/__gnu_printf__/' "$area/src/$folder/include/cmocka.h" |
	    as_owner tee "$prefix.new/include/cmocka.h" >/dev/null
	pkg_config cmocka "$(version_of cmocka)" -DCMOCKA_STATIC -lcmocka
}

# licence NAME FILE
licence() {
	as_owner cp "$area/src/$2" "$prefix.new/licences/$1.txt"
}

build_libraries() {
	[ -f "$prefix/versions" ] && [ "$update" = no ] && return
	get_sources
	versions=$(cd "$area/src" && for file in *.dsc; do
		echo "${file%.dsc}"
	done)
	if [ "$(cat "$prefix/versions" 2>/dev/null)" = "$versions" ]; then
		say "the libraries are up to date"
		return
	fi
	as_owner rm -rf "$prefix.new" "$area"/prefix-*
	as_owner mkdir -p "$prefix.new/lib/pkgconfig" "$prefix.new/include" \
	    "$prefix.new/licences"
	build_curl
	build_lmdb
	build_yaml
	build_cmocka
	as_owner cp /usr/include/jsmn.h "$prefix.new/include/"
	as_owner cp /usr/share/doc/libjsmn-dev/copyright \
	    "$prefix.new/licences/jsmn.txt"
	echo "$versions" | as_owner tee "$prefix.new/versions" >/dev/null
	as_owner mv "$prefix.new" "$prefix"
}
