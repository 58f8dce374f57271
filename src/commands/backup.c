/* backup.c - make a backup, or list those there are. */
#include <string.h>

#include "base/num.h"
#include "commands/backup_set.h"
#include "commands/report.h"
#include "commands/verbs.h"

static void print_contents(const struct backup *b)
{
	size_t lists = 0;

	for (size_t i = 0; i < b->n; i++)
		lists += b->files[i].role == BACKUP_LIST;
	printf("%s%zu list%s%s",
	    backup_find(b, BACKUP_CONFIGURATION) ? "configuration, " : "",
	    lists, lists == 1 ? "" : "s",
	    backup_find(b, BACKUP_STORE) ? ", store" : "");
}

static void print_one(const struct session *s, const struct backup *b)
{
	char when[INSTANT_TEXT_MAX], size[NUM_TEXT_MAX];

	report_local(s, "local", b->made_at, when);
	when[10] = ' '; /* the T */
	printf("%5llu  %.16s  %-8s %9s  ", (unsigned long long)b->number, when,
	    b->reason, num_format_size(backup_bytes(b), size));
	print_contents(b);
	putchar('\n');
}

int backup_list(struct session *s, const char *command)
{
	struct backup *all;
	struct err e = ERR_INIT;
	struct strbuf out;
	struct json_writer w;
	uint64_t highest;
	size_t n;

	if (backups_all(s, &all, &n, &highest, &e) == -1)
		return session_fail(s, &e);
	if (s->cli->json) {
		report_begin(&w, &out, command);
		json_write_key(&w, "backups");
		json_write_begin_array(&w);
		for (size_t i = n; i-- > 0;)
			backup_json(&w, &all[i]);
		json_write_end_array(&w);
		(void)report_end(&w, &out, EXIT_DONE);
	} else {
		for (size_t i = n; i-- > 0;)
			print_one(s, &all[i]);
		if (n == 0)
			puts("there is no backup yet; hfcron backup makes one");
	}
	backups_free(all, n);
	return 0;
}

static void say_made(const struct session *s, const struct backup *b)
{
	char size[NUM_TEXT_MAX];
	struct strbuf out;
	struct json_writer w;

	if (s->cli->json) {
		report_begin(&w, &out, "backup");
		json_write_key(&w, "backup");
		backup_json(&w, b);
		(void)report_end(&w, &out, EXIT_DONE);
	} else if (!s->cli->quiet) {
		printf("backup %llu in %s: ", (unsigned long long)b->number,
		    b->dir);
		print_contents(b);
		printf("; %s\n", num_format_size(backup_bytes(b), size));
	}
}

static void make(struct session *s)
{
	struct backup made;
	struct err e = ERR_INIT;

	if (session_open_store(s, STORE_READ_ONLY) == -1)
		return;
	if (backup_make(s, BACKUP_MANUAL, true, 0, &made, &e) == -1) {
		/* Somebody waits for this one. */
		if (e.kind == ERR_BUSY)
			e.kind = ERR_TRANSIENT;
		(void)session_fail(s, &e);
		return;
	}
	say_made(s, &made);
	backup_release(&made);
}

int verb_backup(const struct cli *cli)
{
	struct session s;
	int status;

	session_init(&s, cli);
	if (session_load(&s, false) == 0) {
		if (cli->list)
			(void)backup_list(&s, "backup");
		else
			make(&s);
	}
	status = (int)s.status;
	session_close(&s);
	return status;
}
