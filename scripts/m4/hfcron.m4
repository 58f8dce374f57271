# HFCRON_CFLAGS(VARIABLE, FLAGS...)
# --------------------------------
# Append to VARIABLE each of the blank-separated FLAGS that the compiler and the
# linker take without a word.  A warning counts as a refusal: clang only warns
# about flags it does not know, and would do so again for every file.
AC_DEFUN([HFCRON_CFLAGS], [
AC_LANG_ASSERT([C])
for hf_flag in $2; do
	AS_VAR_PUSHDEF([hf_var], [hf_cv_cflag_$hf_flag])
	AC_CACHE_CHECK([whether $CC takes $hf_flag], [hf_var], [
		hf_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $hf_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		    [AS_VAR_SET([hf_var], [yes])], [AS_VAR_SET([hf_var], [no])])
		CFLAGS=$hf_save_CFLAGS
	])
	AS_VAR_IF([hf_var], [yes], [$1="$$1 $hf_flag"])
	AS_VAR_POPDEF([hf_var])
done
])

# HFCRON_LDFLAGS(VARIABLE, FLAGS...)
# ----------------------------------
# The same for flags of the linker.
AC_DEFUN([HFCRON_LDFLAGS], [
AC_LANG_ASSERT([C])
for hf_flag in $2; do
	AS_VAR_PUSHDEF([hf_var], [hf_cv_ldflag_$hf_flag])
	AC_CACHE_CHECK([whether the linker takes $hf_flag], [hf_var], [
		hf_save_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Werror $hf_flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		    [AS_VAR_SET([hf_var], [yes])], [AS_VAR_SET([hf_var], [no])])
		LDFLAGS=$hf_save_LDFLAGS
	])
	AS_VAR_IF([hf_var], [yes], [$1="$$1 $hf_flag"])
	AS_VAR_POPDEF([hf_var])
done
])

# HFCRON_LIBRARY(PREFIX, MODULE, MINIMUM, NAME, DEBIAN-PACKAGE)
# --------------------------------------------------------------
# PKG_CHECK_MODULES that collects what is missing instead of stopping at the
# first, so that one installation mends everything.
AC_DEFUN([HFCRON_LIBRARY], [
PKG_CHECK_MODULES([$1], [$2 >= $3], [],
    [hf_missing="$hf_missing
    $4 $3 or later, with its header        Debian, Ubuntu: $5"
    hf_missing_packages="$hf_missing_packages $5"])
])
