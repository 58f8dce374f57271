/* schedule_entry.c - entries of the system's schedulers. */
#include "formats/schedule_entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"

enum { CRON_FIELDS = 5, COMMAND_MAX = 64 * 1024 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool ends_word(char c)
{
	return c == '\0' || is_blank(c) || strchr("'\";|&()<>", c) != NULL;
}

const char *schedule_entry_find_word(const char *command, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = command; (p = strstr(p, word)) != NULL; p++)
		if ((p == command || p[-1] == '/' || ends_word(p[-1])) &&
		    ends_word(p[n]))
			return p;
	return NULL;
}

/* --- a list of entries --------------------------------------------------- */

static void free_texts(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	free(texts);
}

void schedule_entries_release(struct schedule_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct schedule_entry *entry = &entries->items[i];

		free(entry->when);
		free(entry->user);
		free(entry->command);
		free_texts(entry->env, entry->n_env);
	}
	free(entries->items);
	memset(entries, 0, sizeof(*entries));
}

/* What the lines before have set; a name that is set again counts once. */
struct settings {
	char **items; /* own */
	size_t n, cap;
};

/* Takes `setting`. */
static int settings_put(struct settings *s, char *setting)
{
	size_t name = setting == NULL ? 0 : strcspn(setting, "=") + 1;

	if (setting == NULL)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->items[i], setting, name) == 0) {
			free(s->items[i]);
			s->items[i] = setting;
			return 0;
		}
	if (vec_grow((void **)&s->items, &s->cap, s->n + 1, sizeof(*s->items),
		SCHEDULE_ENTRY_VARIABLES_MAX) == -1) {
		free(setting);
		return -1;
	}
	s->items[s->n++] = setting;
	return 0;
}

static int copy_settings(const struct settings *s, struct schedule_entry *entry)
{
	entry->env = calloc(s->n + 1, sizeof(*entry->env));
	if (entry->env == NULL)
		return -1;
	for (; entry->n_env < s->n; entry->n_env++) {
		entry->env[entry->n_env] = text_dup(s->items[entry->n_env]);
		if (entry->env[entry->n_env] == NULL)
			return -1;
	}
	return 0;
}

/* Takes the three texts; `user` may be NULL. */
static int append(struct schedule_entries *entries, int line, char *when,
    char *user, char *command, const struct settings *settings)
{
	struct schedule_entry *entry;

	if (when == NULL || command == NULL ||
	    vec_grow((void **)&entries->items, &entries->cap, entries->n + 1,
		sizeof(*entries->items), SCHEDULE_ENTRIES_MAX) == -1) {
		free(when);
		free(user);
		free(command);
		return -1;
	}
	entry = &entries->items[entries->n++];
	entry->line = line;
	entry->when = when;
	entry->user = user;
	entry->command = command;
	return copy_settings(settings, entry);
}

/* --- lines --------------------------------------------------------------- */

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static const char *skip_field(const char *p)
{
	while (*p != '\0' && !is_blank(*p))
		p++;
	return p;
}

/* Without white space at its end. */
static size_t trimmed(const char *p, size_t n)
{
	while (n > 0 && (is_blank(p[n - 1]) || p[n - 1] == '\r'))
		n--;
	return n;
}

/* One pair of quotes around it goes away. */
static void unquote(const char **p, size_t *n)
{
	if (*n >= 2 && (**p == '"' || **p == '\'') && (*p)[*n - 1] == **p) {
		(*p)++;
		*n -= 2;
	}
}

/* NAME = VALUE with quotes and blanks as crontab(5) allows them; NULL and
 * *is_setting false if the line is none. */
static char *parse_setting(const char *line, bool *is_setting)
{
	const char *equals = strchr(line, '='), *name = skip_blanks(line);
	size_t name_n, n;

	*is_setting = false;
	if (equals == NULL || equals == name)
		return NULL;
	name_n = trimmed(name, (size_t)(equals - name));
	unquote(&name, &name_n);
	/* A command with an equals sign in it has blanks before that. */
	for (size_t i = 0; i < name_n; i++)
		if (is_blank(name[i]) || name[i] == '*' || name[i] == '@')
			return NULL;
	*is_setting = true;
	equals = skip_blanks(equals + 1);
	n = trimmed(equals, strlen(equals));
	unquote(&equals, &n);
	return text_format("%.*s=%.*s", (int)name_n, name, (int)n, equals);
}

/* --- crontabs ------------------------------------------------------------ */

/* "\%" is a percent sign, a bare one ends the command. */
static char *cron_command(const char *p)
{
	struct strbuf out;

	strbuf_init(&out, COMMAND_MAX);
	for (; *p != '\0' && *p != '%'; p++) {
		if (p[0] == '\\' && p[1] == '%')
			p++;
		strbuf_putc(&out, *p);
	}
	if (out.len == 0)
		strbuf_puts(&out, "");
	return strbuf_detach(&out);
}

static int parse_cron_line(const char *line, int number, bool with_user,
    const char *word, const struct settings *settings,
    struct schedule_entries *entries)
{
	const char *p = skip_blanks(line), *when = p, *user = NULL;
	size_t when_n, user_n = 0;

	for (int i = 0; i < (*when == '@' ? 1 : CRON_FIELDS); i++)
		p = skip_blanks(skip_field(p));
	when_n = trimmed(when, (size_t)(p - when));
	if (with_user) {
		user = p;
		p = skip_field(p);
		user_n = (size_t)(p - user);
		p = skip_blanks(p);
	}
	if (*p == '\0' || schedule_entry_find_word(p, word) == NULL)
		return 0;
	return append(entries, number, text_ndup(when, when_n),
	    user != NULL ? text_ndup(user, user_n) : NULL, cron_command(p),
	    settings);
}

static int take_cron_line(const char *line, int number, bool with_user,
    const char *word, struct settings *settings,
    struct schedule_entries *entries)
{
	bool is_setting;
	char *setting;

	if (*skip_blanks(line) == '#' || *skip_blanks(line) == '\0')
		return 0;
	setting = parse_setting(line, &is_setting);
	if (is_setting)
		return settings_put(settings, setting);
	return parse_cron_line(line, number, with_user, word, settings,
	    entries);
}

/* The next line without its end, owned; NULL at the end or without memory. */
static char *next_line(const char **text)
{
	size_t n = strcspn(*text, "\n");
	char *line;

	if (**text == '\0')
		return NULL;
	line = text_ndup(*text, trimmed(*text, n));
	*text += n + ((*text)[n] == '\n');
	return line;
}

int schedule_entries_from_crontab(const char *text, bool with_user,
    const char *word, struct schedule_entries *entries)
{
	struct settings settings = { NULL, 0, 0 };
	int number = 0, rc = 0;

	while (rc == 0 && *text != '\0') {
		char *line = next_line(&text);

		number++;
		rc = line == NULL ? -1
				  : take_cron_line(line, number, with_user,
					word, &settings, entries);
		free(line);
	}
	free_texts(settings.items, settings.n);
	return rc;
}

/* --- units --------------------------------------------------------------- */

/* Of systemd's escapes, those that a command line of ours may have. */
static char *unit_text(const char *p, const char *home)
{
	struct strbuf out;

	strbuf_init(&out, COMMAND_MAX);
	for (; *p != '\0'; p++) {
		if ((p[0] == '%' || p[0] == '$') && p[1] == p[0])
			p++;
		else if (p[0] == '%' && p[1] == 'h' && home != NULL) {
			strbuf_puts(&out, home);
			p++;
			continue;
		}
		strbuf_putc(&out, *p);
	}
	if (out.len == 0)
		strbuf_puts(&out, "");
	return strbuf_detach(&out);
}

/* One assignment of Environment=, quoted as a whole or not. */
static int take_unit_environment(const char *value, const char *home,
    struct settings *settings)
{
	while (*(value = skip_blanks(value)) != '\0') {
		char quote = *value == '"' || *value == '\'' ? *value : '\0';
		size_t n = quote ? strcspn(value + 1, quote == '"' ? "\"" : "'")
				 : strcspn(value, " \t");
		char *one = text_ndup(value + (quote != '\0'), n);
		char *setting = one == NULL ? NULL : unit_text(one, home);

		free(one);
		if (setting != NULL && strchr(setting, '=') == NULL)
			free(setting);
		else if (settings_put(settings, setting) == -1)
			return -1;
		value += n + (quote != '\0');
		value += quote != '\0' && *value == quote;
	}
	return 0;
}

struct unit {
	struct settings settings;
	char *user, *command; /* own */
	int line;	      /* of the command */
};

static int take_unit_line(const char *line, int number, const char *home,
    const char *word, struct unit *unit)
{
	if (text_starts(line, "Environment="))
		return take_unit_environment(line + 12, home, &unit->settings);
	if (text_starts(line, "User=")) {
		free(unit->user);
		unit->user = text_dup(line + 5);
		return unit->user == NULL ? -1 : 0;
	}
	if (!text_starts(line, "ExecStart="))
		return 0;
	/* Prefixes that change how it is run, not what is run. */
	line += 10;
	line += strspn(line, "-:@+! ");
	if (schedule_entry_find_word(line, word) == NULL)
		return 0;
	free(unit->command);
	unit->command = unit_text(line, home);
	unit->line = number;
	return unit->command == NULL ? -1 : 0;
}

int schedule_entries_from_unit(const char *text, const char *home,
    const char *word, struct schedule_entries *entries)
{
	struct unit unit = { { NULL, 0, 0 }, NULL, NULL, 0 };
	int number = 0, rc = 0;

	while (rc == 0 && *text != '\0') {
		char *line = next_line(&text);

		number++;
		rc = line == NULL
		    ? -1
		    : take_unit_line(line, number, home, word, &unit);
		free(line);
	}
	if (rc == 0 && unit.command != NULL) {
		rc = append(entries, unit.line, text_dup(""), unit.user,
		    unit.command, &unit.settings);
	} else {
		free(unit.user);
		free(unit.command);
	}
	free_texts(unit.settings.items, unit.settings.n);
	return rc;
}
