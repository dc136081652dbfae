# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by build-jemalloc and fetch-kernel: apt with the machine's own sources, keys
# and proxies, but with lists and caches in a directory of ours.  So nothing of the system
# is changed, an ordinary user can do it, and a machine without deb-src entries or without
# package lists will do.

# private_apt_init DIR: makes DIR ready for private_apt, which reads the system's lists at first.
private_apt_init() {
	private_apt_dir=$1
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/empty" || return 1
	# Clears hooks too: a system's post-update commands are not meant for private lists.
	cat >"$1/apt.conf" <<-END || return 1
		Dir::Cache "$1/cache";
		APT::Sandbox::User "root";
		APT::Get::List-Cleanup "false";
		Acquire::Retries "3";
		Acquire::http::Timeout "30";
		Acquire::https::Timeout "30";
		Acquire::Languages "none";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		#clear DPkg::Post-Invoke;
	END
}

# private_apt ARGUMENT...: apt-get on the private lists.
private_apt() {
	apt-get -qq -c "$private_apt_dir/apt.conf" "$@"
}

# private_apt_own_lists: fetches fresh package lists of the configured sources, to be used
# from here on.  Succeeds if part of them could be had: what is missing shows in the next step.
private_apt_own_lists() {
	printf 'Dir::State::lists "%s/lists";\n' "$private_apt_dir" >>"$private_apt_dir/apt.conf" ||
		return 1
	private_apt update || :
}

# private_apt_use_sources: the lists that are fetched next are those of source packages, from
# wherever this machine takes its binary packages.
private_apt_use_sources() {
	private_apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	private_apt_option=
	[ ! -r "$private_apt_keyring" ] || private_apt_option="[signed-by=$private_apt_keyring] "
	# shellcheck disable=SC2016 # apt fills these in, not the shell
	apt-get indextargets --no-release-info \
		--format '$(CREATED_BY) $(COMPONENT) $(REPO_URI) $(RELEASE)' |
		sed -n "s|^Packages main \\([^ ]*\\) \\([^ ]*\\)\$|deb-src $private_apt_option\\1 \\2 main|p" |
		sort -u >"$private_apt_dir/sources.list" || return 1
	[ -s "$private_apt_dir/sources.list" ] || return 1
	cat >>"$private_apt_dir/apt.conf" <<-END
		Dir::Etc::sourcelist "$private_apt_dir/sources.list";
		Dir::Etc::sourceparts "$private_apt_dir/empty";
	END
}
