/* verbs.h - one function per command; each returns the exit code. */
#ifndef HFCRON_COMMANDS_VERBS_H
#define HFCRON_COMMANDS_VERBS_H

struct cli;

int verb_run(const struct cli *cli);
int verb_plan(const struct cli *cli);
int verb_next(const struct cli *cli);
int verb_status(const struct cli *cli);
int verb_pause(const struct cli *cli);
int verb_resume(const struct cli *cli);
int verb_retry(const struct cli *cli);
int verb_history(const struct cli *cli);
int verb_doctor(const struct cli *cli);
int verb_get(const struct cli *cli);
int verb_backup(const struct cli *cli);
int verb_restore(const struct cli *cli);
int verb_check(const struct cli *cli);
int verb_stop(const struct cli *cli);

#endif
