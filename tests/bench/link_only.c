/*
 * link_only.c - links what hfcron links, and exits: what any such program
 * costs before its first line.  bench.py compares an idle call with it.
 */
#include <curl/curl.h>
#include <lmdb.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <yaml.h>

/* One symbol of each, so that no linker leaves a library out. */
typedef void function(void);

static function *const volatile used[] = {
	(function *)curl_version,
	(function *)mdb_version,
	(function *)yaml_get_version,
	(function *)OpenSSL_version_num,
};

int main(void)
{
	return used[0] == NULL;
}
