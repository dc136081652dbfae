/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least a process can cost: linked statically, it ends at once. */
int main(void)
{
	return 0;
}
