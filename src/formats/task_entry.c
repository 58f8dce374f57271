/* task_entry.c - tasks of Windows' Task Scheduler. */
#include "formats/task_entry.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"

enum {
	PATH_MAX_BYTES = 256,
	TEXT_MAX_BYTES = 4 * 1024 * 1024,
	TIME_OF_DAY_BYTES = 6, /* "02:00" */
	DAY_S = 86400,
	HOUR_S = 3600,
	MINUTE_S = 60,
	LAST_CODE_POINT = 0x10ffff
};

/* --- XML, as much of it as there is in a task ----------------------------- */

struct reader;
/* An element begins (text is NULL) or ends. */
typedef void (*reader_event)(struct reader *r, const char *text);

struct reader {
	const char *p;
	char path[PATH_MAX_BYTES]; /* "Task/Settings/Enabled" */
	struct strbuf text;	   /* of the innermost element so far */
	reader_event event;
	struct task *task;
	bool failed; /* no memory */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "#38" or "#x26"; 0 if it is neither. */
static uint32_t numbered(const char *name, size_t n)
{
	const bool hex = n > 2 && name[1] == 'x';
	uint32_t c = 0;

	for (size_t i = hex ? 2 : 1; i < n; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *digit = strchr(digits, name[i]);
		uint32_t value = digit ? (uint32_t)(digit - digits) % 16 : 16;

		c = c * (hex ? 16 : 10) + value;
		if (value >= (hex ? 16 : 10) || c > LAST_CODE_POINT)
			return 0;
	}
	return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

/* At an "&"; what is no reference stays as it is. */
static const char *put_reference(struct strbuf *out, const char *p)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' } };
	size_t n = strcspn(p + 1, ";&<");
	char bytes[4];
	uint32_t c = 0;

	if (p[1 + n] == ';' && p[1] == '#')
		c = numbered(p + 1, n);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (p[1 + n] == ';' && strlen(known[i].name) == n &&
		    strncmp(p + 1, known[i].name, n) == 0)
			c = (unsigned char)known[i].c;
	if (c == 0) {
		strbuf_putc(out, '&');
		return p + 1;
	}
	strbuf_add(out, bytes, text_put(c, bytes));
	return p + n + 2;
}

/* Past the end of what begins here; NULL if it has none. */
static const char *skip_past(const char *p, const char *end)
{
	p = strstr(p, end);
	return p == NULL ? NULL : p + strlen(end);
}

/* The end of a tag: values in quotes may have a ">". */
static const char *end_of_tag(const char *p)
{
	char quote = '\0';

	for (; *p != '\0'; p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
	}
	return NULL;
}

static bool begin_element(struct reader *r, const char *name, size_t n)
{
	size_t have = strlen(r->path);

	if (n == 0 || have + 1 + n >= sizeof(r->path))
		return false;
	(void)snprintf(r->path + have, sizeof(r->path) - have, "%s%.*s",
	    have > 0 ? "/" : "", (int)n, name);
	strbuf_clear(&r->text);
	r->event(r, NULL);
	return true;
}

static bool end_element(struct reader *r, const char *name, size_t n)
{
	char *slash = strrchr(r->path, '/');
	const char *inner = slash ? slash + 1 : r->path;

	if (n == 0 || strlen(inner) != n || strncmp(inner, name, n) != 0)
		return false;
	r->failed = r->failed || strbuf_failed(&r->text);
	r->event(r, strbuf_text(&r->text));
	strbuf_clear(&r->text);
	r->path[slash ? (size_t)(slash - r->path) : 0] = '\0';
	return true;
}

/* "<name ...>", "</name>" or "<name .../>"; false: no XML. */
static bool read_tag(struct reader *r)
{
	const bool closes = r->p[1] == '/';
	const char *name = r->p + (closes ? 2 : 1);
	const char *end = end_of_tag(r->p);
	size_t n = strcspn(name, " \t\r\n/>");
	const char *colon = memchr(name, ':', n);

	if (end == NULL)
		return false;
	if (colon != NULL) {
		n -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	r->p = end + 1;
	if (closes)
		return end_element(r, name, n);
	return begin_element(r, name, n) &&
	    (end[-1] != '/' || end_element(r, name, n));
}

static bool read_markup(struct reader *r)
{
	static const char cdata[] = "<![CDATA[";
	const char *start = r->p;

	if (text_starts(r->p, "<?")) {
		r->p = skip_past(r->p, "?>");
	} else if (text_starts(r->p, "<!--")) {
		r->p = skip_past(r->p + 4, "-->");
	} else if (text_starts(r->p, cdata)) {
		start += sizeof(cdata) - 1;
		r->p = skip_past(start, "]]>");
		if (r->p != NULL)
			strbuf_add(&r->text, start, (size_t)(r->p - 3 - start));
	} else if (text_starts(r->p, "<!")) {
		return false; /* a document type: nobody's task has one */
	} else {
		return read_tag(r);
	}
	return r->p != NULL;
}

/* false: no XML. */
static bool read_document(struct reader *r)
{
	bool any = false;

	while (*r->p != '\0') {
		if (*r->p == '<') {
			if (!read_markup(r))
				return false;
			any = true;
		} else if (*r->p == '&') {
			r->p = put_reference(&r->text, r->p);
		} else {
			strbuf_putc(&r->text, *r->p++);
		}
	}
	return any && r->path[0] == '\0';
}

/* --- what starts our program ---------------------------------------------- */

/* What is no letter stays as it is. */
static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool begins(const char *text, const char *prefix)
{
	for (; *prefix != '\0'; text++, prefix++)
		if (small(*text) != small(*prefix))
			return false;
	return true;
}

/* Does the text have `word` in it as a program?  Below a folder it has to be
 * the last part; in arguments it has to say ".exe" there. */
static bool starts_word(const char *text, const char *word, bool arguments)
{
	static const char around[] = " \t\"'&|;()<>";

	for (const char *p = text; *p != '\0'; p++) {
		const char before = p == text ? ' ' : p[-1];
		const bool below = before == '\\' || before == '/';
		const char *end = p + strlen(word);
		bool exe;

		if ((!below && strchr(around, before) == NULL) ||
		    !begins(p, word))
			continue;
		exe = begins(end, ".exe");
		end += exe ? 4 : 0;
		if ((*end == '\0' || strchr(around, *end) != NULL) &&
		    (exe || !below || !arguments))
			return true;
	}
	return false;
}

/* --- tasks ---------------------------------------------------------------- */

struct trigger {
	bool enabled;
	int64_t every_s; /* of its repetition; 0: none */
	uint64_t days;	 /* of a schedule by days; 0: none */
	char at[TIME_OF_DAY_BYTES];
};

struct task {
	const char *word;
	struct task_entry *entry;
	struct trigger trigger;
	struct strbuf when;
	char *command, *arguments, *dir; /* own; of the action being read */
};

/* "PT5M", "P1DT2H"; 0 if it is none, or longer than days can tell. */
static int64_t duration_s(const char *text)
{
	int64_t total = 0, n = 0;
	bool time = false, digits = false;

	if (*text++ != 'P')
		return 0;
	for (; *text != '\0'; text++) {
		int64_t unit = 0;

		if (*text >= '0' && *text <= '9') {
			n = n * 10 + (*text - '0');
			digits = true;
			if (n > INT32_MAX)
				return 0;
			continue;
		}
		if (*text == 'T' && !time && !digits) {
			time = true;
			continue;
		}
		if (*text == 'D' && !time)
			unit = DAY_S;
		else if (*text == 'H' && time)
			unit = HOUR_S;
		else if (*text == 'M' && time)
			unit = MINUTE_S;
		else if (*text == 'S' && time)
			unit = 1;
		if (unit == 0 || !digits)
			return 0;
		total += n * unit;
		n = 0;
		digits = false;
	}
	return digits ? 0 : total;
}

static bool is_true(const char *text)
{
	return strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

/* Without white space around it; replaces *where. */
static void keep(struct reader *r, char **where, const char *text)
{
	size_t n;

	while (is_blank(*text))
		text++;
	n = strlen(text);
	while (n > 0 && is_blank(text[n - 1]))
		n--;
	free(*where);
	*where = text_ndup(text, n);
	r->failed = r->failed || *where == NULL;
}

/* "2020-01-01T02:00:00" */
static void take_start(struct trigger *trigger, const char *text)
{
	const char *time = strchr(text, 'T');

	if (time != NULL && strlen(time) >= TIME_OF_DAY_BYTES)
		(void)snprintf(trigger->at, sizeof(trigger->at), "%.5s",
		    time + 1);
}

static void tell_trigger(struct task *task, const char *name)
{
	const struct trigger *trigger = &task->trigger;
	const char *comma = task->when.len > 0 ? ", " : "";
	char every[NUM_TEXT_MAX];

	if (!trigger->enabled)
		return;
	if (trigger->every_s > 0) {
		strbuf_printf(&task->when, "%severy %s", comma,
		    num_format_duration(trigger->every_s * 1000, every));
	} else if (trigger->days > 0) {
		(void)snprintf(every, sizeof(every), "%d days",
		    (int)trigger->days);
		strbuf_printf(&task->when, "%severy %s at %s", comma,
		    trigger->days == 1 ? "day" : every, trigger->at);
	} else {
		strbuf_printf(&task->when, "%s%s%s%s", comma, name,
		    trigger->at[0] ? " at " : "", trigger->at);
	}
}

/* An element ends: of the trigger itself (path is "") or below it. */
static void take_trigger(struct task *task, const char *name, const char *path,
    const char *text)
{
	struct trigger *trigger = &task->trigger;

	if (path[0] == '\0')
		tell_trigger(task, name);
	else if (strcmp(path, "/Enabled") == 0)
		trigger->enabled = is_true(text);
	else if (strcmp(path, "/Repetition/Interval") == 0)
		trigger->every_s = duration_s(text);
	else if (strcmp(path, "/StartBoundary") == 0)
		take_start(trigger, text);
	else if (strcmp(path, "/ScheduleByDay/DaysInterval") == 0 &&
	    num_parse_u64(text, strlen(text), 365, &trigger->days) == -1)
		trigger->days = 0;
}

static void on_trigger(struct reader *r, const char *name, const char *text)
{
	static const struct trigger fresh = { .enabled = true };
	size_t n = strcspn(name, "/");
	char *copy = text_ndup(name, n);

	if (copy == NULL)
		r->failed = true;
	else if (text != NULL)
		take_trigger(r->task, copy, name + n, text);
	else if (name[n] == '\0')
		r->task->trigger = fresh;
	free(copy);
}

/* A program whose path is in quotes, without them. */
static void unquote(char *text)
{
	size_t n = strlen(text);

	if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
		memmove(text, text + 1, n - 2);
		text[n - 2] = '\0';
	}
}

static void forget_action(struct task *task)
{
	free(task->command);
	free(task->arguments);
	free(task->dir);
	task->command = task->arguments = task->dir = NULL;
}

static void take_action(struct reader *r, struct task *task)
{
	struct task_entry *entry = task->entry;

	if (task->arguments == NULL)
		keep(r, &task->arguments, "");
	if (entry->program != NULL || task->command == NULL || r->failed ||
	    (!starts_word(task->command, task->word, false) &&
		!starts_word(task->arguments, task->word, true)))
		return;
	unquote(task->command);
	entry->program = task->command;
	entry->arguments = task->arguments;
	entry->dir = task->dir;
	task->command = task->arguments = task->dir = NULL;
}

static void on_event(struct reader *r, const char *text)
{
	static const char triggers[] = "Task/Triggers/",
			  exec[] = "Task/Actions/Exec";
	struct task *task = r->task;

	if (text_starts(r->path, triggers)) {
		on_trigger(r, r->path + sizeof(triggers) - 1, text);
	} else if (strcmp(r->path, exec) == 0) {
		if (text == NULL)
			forget_action(task);
		else
			take_action(r, task);
	} else if (text == NULL) {
		return;
	} else if (text_starts(r->path, exec)) {
		const char *what = r->path + sizeof(exec) - 1;

		if (strcmp(what, "/Command") == 0)
			keep(r, &task->command, text);
		else if (strcmp(what, "/Arguments") == 0)
			keep(r, &task->arguments, text);
		else if (strcmp(what, "/WorkingDirectory") == 0)
			keep(r, &task->dir, text);
	} else if (strcmp(r->path, "Task/Principals/Principal/UserId") == 0) {
		keep(r, &task->entry->user, text);
	} else if (strcmp(r->path, "Task/Settings/Enabled") == 0) {
		task->entry->disabled = !is_true(text);
	}
}

void task_entry_release(struct task_entry *entry)
{
	free(entry->program);
	free(entry->arguments);
	free(entry->dir);
	free(entry->user);
	free(entry->when);
	memset(entry, 0, sizeof(*entry));
}

int task_entry_read(const char *xml, const char *word, struct task_entry *entry)
{
	struct task task = { .word = word, .entry = entry };
	struct reader r = { .p = xml, .event = on_event, .task = &task };
	bool read;

	memset(entry, 0, sizeof(*entry));
	strbuf_init(&r.text, TEXT_MAX_BYTES);
	strbuf_init(&task.when, TEXT_MAX_BYTES);
	read = read_document(&r) && entry->program != NULL;
	if (read) {
		entry->when = strbuf_detach(&task.when);
		r.failed = r.failed || entry->when == NULL;
	}
	forget_action(&task);
	strbuf_release(&task.when);
	strbuf_release(&r.text);
	if (read && !r.failed)
		return 1;
	task_entry_release(entry);
	return r.failed ? -1 : 0;
}

/* --- words ---------------------------------------------------------------- */

/* The next word, as CommandLineToArgvW makes it: backslashes count before a
 * quote only, and two quotes within quotes are one. */
static char *next_word(const char **text)
{
	const char *p = *text;
	bool quoted = false;
	struct strbuf out;

	strbuf_init(&out, TEXT_MAX_BYTES);
	while (*p != '\0' && (quoted || !is_blank(*p))) {
		size_t slashes = strspn(p, "\\");

		p += slashes;
		for (size_t i = *p == '"' ? slashes / 2 : slashes; i > 0; i--)
			strbuf_putc(&out, '\\');
		if (*p != '"') {
			if (slashes == 0)
				strbuf_putc(&out, *p++);
		} else if (slashes % 2 == 1) {
			strbuf_putc(&out, *p++);
		} else if (quoted && p[1] == '"') {
			strbuf_putc(&out, '"');
			p += 2;
		} else {
			quoted = !quoted;
			p++;
		}
	}
	while (is_blank(*p))
		p++;
	*text = p;
	return strbuf_detach(&out);
}

void task_entry_words_free(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

char **task_entry_words(const struct task_entry *entry)
{
	char **words = calloc(TASK_WORDS_MAX + 2, sizeof(*words));
	const char *p = entry->arguments;
	size_t n = 1;

	if (words == NULL)
		return NULL;
	words[0] = text_dup(entry->program);
	if (words[0] == NULL) {
		free(words);
		return NULL;
	}
	while (*p != '\0') {
		if (n <= TASK_WORDS_MAX)
			words[n] = next_word(&p);
		if (n > TASK_WORDS_MAX || words[n] == NULL) {
			task_entry_words_free(words);
			return NULL;
		}
		n++;
	}
	return words;
}
