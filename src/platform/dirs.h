/*
 * dirs.h - environment and the user's standard directories.
 */
#ifndef HFCRON_PLATFORM_DIRS_H
#define HFCRON_PLATFORM_DIRS_H

/* The variable's value, or NULL if unset or empty.  Borrowed. */
const char *dirs_env(const char *name);

/* All variables, NAME=VALUE, NULL at the end.  Borrowed. */
const char *const *dirs_environment(void);

/* HOME, else the password database; NULL if neither.  Borrowed. */
const char *dirs_home(void);

/*
 * Candidates for the configuration file, best first ($HFCRON_CONFIG is the
 * caller's business): $XDG_CONFIG_HOME or ~/.config, then /etc.  Writes
 * owned paths (free each), returns how many (<= max).
 */
int dirs_config_candidates(char **paths, int max);

/* Owned: $XDG_STATE_HOME/hfcron or ~/.local/state/hfcron; NULL without home. */
char *dirs_default_state(void);

/* Owned: $XDG_CACHE_HOME or ~/.cache; NULL without home. */
char *dirs_cache_home(void);

/*
 * Expand a leading "~" or "~/" and, if with_vars, $VAR and ${VAR} (unknown
 * ones stay as written).  Returns owned, NULL if memory is short or there is
 * no home to expand to.
 */
char *dirs_expand(const char *path, int with_vars);

#endif
