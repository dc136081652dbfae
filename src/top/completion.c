/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top/completion.h"

#include <string.h>

/* ---- what the table says of values ---- */

static bool is_file(const struct kt_option *option)
{
	return option->value_name && !strcmp(option->value_name, "FILE");
}

static bool is_list(const struct kt_option *option)
{
	return option->words && option->words[0] == ',';
}

static const char *words_of(const struct kt_option *option)
{
	return option->words ? option->words + is_list(option) : "";
}

static bool is_shown(const struct kt_option *option)
{
	return !option->hidden;
}

static void put_arguments(const char *const *arguments, size_t count, struct kt_buf *out)
{
	for (size_t i = 0; i < count; i++)
		kt_buf_printf(out, "%s%s", i ? " " : "", arguments[i]);
}

static void put_spellings(const struct kt_option *option, const char *separator, struct kt_buf *out)
{
	if (option->letter)
		kt_buf_printf(out, "-%c%s", option->letter, separator);
	kt_buf_printf(out, "--%s", option->name);
}

/* ---- bash ---- */

/* The options whose values are completed alike, as the patterns of one case. */
static void put_bash_values(const struct kt_option *table, struct kt_buf *out)
{
	for (const struct kt_option *option = table; option->id; option++) {
		if (option->kind == KT_OPTION_SWITCH || !is_shown(option))
			continue;
		kt_buf_puts(out, "\t");
		put_spellings(option, "|", out);
		kt_buf_puts(out, ")\n");
		if (is_list(option))
			kt_buf_printf(out,
				      "\t\tlocal head=\n"
				      "\t\t[[ $cur == *,* ]] && head=${cur%%,*},\n"
				      "\t\tCOMPREPLY=($(compgen -P \"$head\" -W '%s' -- "
				      "\"${cur##*,}\"))\n"
				      "\t\tcompopt -o nospace\n",
				      words_of(option));
		else if (option->words)
			kt_buf_printf(out, "\t\tCOMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n",
				      option->words);
		else if (is_file(option))
			kt_buf_puts(out, "\t\tlocal IFS=$'\\n'\n"
					 "\t\tcompopt -o filenames\n"
					 "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n");
		kt_buf_puts(out, "\t\treturn\n\t\t;;\n");
	}
}

static void put_bash(const char *program, const struct kt_option *table,
		     const char *const *arguments, size_t count, struct kt_buf *out)
{
	kt_buf_printf(out,
		      "# bash completion of %s, made from its table of options\n"
		      "_ktstr_top() {\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=\n"
		      "\tlocal IFS=$' \\t\\n'\n"
		      "\t((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		      "\tCOMPREPLY=()\n"
		      "\t# bash takes --name=value apart at the '='.\n"
		      "\tif [[ $cur == '=' ]]; then\n"
		      "\t\tcur=\n"
		      "\telif [[ $prev == '=' ]] && ((COMP_CWORD > 1)); then\n"
		      "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
		      "\tfi\n"
		      "\tcase $prev in\n",
		      program);
	put_bash_values(table, out);
	kt_buf_puts(out, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (const struct kt_option *option = table; option->id; option++)
		if (is_shown(option))
			kt_buf_printf(out, "--%s ", option->name);
	kt_buf_puts(out, "' -- \"$cur\"))\n\telse\n\t\tcompopt -o filenames\n"
			 "\t\tCOMPREPLY=($(compgen -W '");
	put_arguments(arguments, count, out);
	kt_buf_printf(out,
		      "' -- \"$cur\") $(compgen -f -X '!*.json' -- \"$cur\") "
		      "$(compgen -d -- \"$cur\"))\n\tfi\n}\ncomplete -F _ktstr_top %s\n",
		      program);
}

/* ---- zsh ---- */

/* What stands in the brackets of _arguments. */
static void put_zsh_help(const char *help, struct kt_buf *out)
{
	for (; *help; help++) {
		if (*help == '\'') {
			kt_buf_puts(out, "'\\''");
			continue;
		}
		if (*help == '[' || *help == ']' || *help == ':' || *help == '\\')
			kt_buf_putc(out, '\\');
		kt_buf_putc(out, *help);
	}
}

static void put_zsh_option(const struct kt_option *option, struct kt_buf *out)
{
	bool has_value = option->kind != KT_OPTION_SWITCH;

	/* What may come again excludes nothing; the '*' says so. */
	if (option->repeatable && option->letter)
		kt_buf_printf(out, "\t'*'{-%c,--%s%s}'[", option->letter, option->name,
			      has_value ? "=" : "");
	else if (option->letter)
		kt_buf_printf(out, "\t'(-%c --%s)'{-%c,--%s%s}'[", option->letter, option->name,
			      option->letter, option->name, has_value ? "=" : "");
	else
		kt_buf_printf(out, "\t'%s--%s%s[", option->repeatable ? "*" : "", option->name,
			      has_value ? "=" : "");
	put_zsh_help(option->help, out);
	kt_buf_puts(out, "]");
	if (has_value)
		kt_buf_printf(out, ":%s:", option->value_name);
	if (is_list(option))
		kt_buf_printf(out, "_values -s , %s %s", option->value_name, words_of(option));
	else if (option->words)
		kt_buf_printf(out, "(%s)", option->words);
	else if (is_file(option))
		kt_buf_puts(out, "_files");
	kt_buf_puts(out, "' \\\n");
}

static void put_zsh(const char *program, const struct kt_option *table,
		    const char *const *arguments, size_t count, struct kt_buf *out)
{
	kt_buf_printf(out,
		      "#compdef %s\n"
		      "# zsh completion of %s, made from its table of options\n"
		      "_ktstr_top_scenarios() {\n"
		      "\tcompadd -- ",
		      program, program);
	put_arguments(arguments, count, out);
	kt_buf_puts(out, "\n\t_files -g '*.json'\n}\n_arguments -s \\\n");
	for (const struct kt_option *option = table; option->id; option++)
		if (is_shown(option))
			put_zsh_option(option, out);
	kt_buf_puts(out, "\t'*:SCENARIO:_ktstr_top_scenarios'\n");
}

/* ---- fish ---- */

static void put_fish_option(const char *program, const struct kt_option *option, struct kt_buf *out)
{
	kt_buf_printf(out, "complete -c %s -l %s", program, option->name);
	if (option->letter)
		kt_buf_printf(out, " -s %c", option->letter);
	if (is_file(option))
		kt_buf_puts(out, " -r -F");
	else if (option->kind != KT_OPTION_SWITCH)
		kt_buf_puts(out, " -x");
	if (is_list(option))
		kt_buf_printf(out, " -a '(__fish_append , (string split \" \" \"%s\"))'",
			      words_of(option));
	else if (option->words)
		kt_buf_printf(out, " -a '%s'", option->words);
	kt_buf_puts(out, " -d '");
	/* In fish a quote within quotes has a backslash. */
	for (const char *at = option->help; *at; at++) {
		if (*at == '\'' || *at == '\\')
			kt_buf_putc(out, '\\');
		kt_buf_putc(out, *at);
	}
	kt_buf_puts(out, "'\n");
}

static void put_fish(const char *program, const struct kt_option *table,
		     const char *const *arguments, size_t count, struct kt_buf *out)
{
	kt_buf_printf(out, "# fish completion of %s, made from its table of options\n", program);
	for (const struct kt_option *option = table; option->id; option++)
		if (is_shown(option))
			put_fish_option(program, option, out);
	kt_buf_printf(out, "complete -c %s -a '", program);
	put_arguments(arguments, count, out);
	kt_buf_puts(out, "'\n");
}

struct kt_error *kt_completion_put(const char *shell, const char *program,
				   const struct kt_option *table, const char *const *arguments,
				   size_t count, struct kt_buf *out)
{
	static const struct {
		const char *shell;
		void (*put)(const char *, const struct kt_option *, const char *const *, size_t,
			    struct kt_buf *);
	} shells[] = {
		{ "bash", put_bash },
		{ "zsh", put_zsh },
		{ "fish", put_fish },
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(shells[i].shell, shell)) {
			shells[i].put(program, table, arguments, count, out);
			return kt_buf_error(out);
		}
	return kt_error_create(KT_ERROR_USAGE, 0, "'%s' is none of bash, zsh, fish", shell);
}
