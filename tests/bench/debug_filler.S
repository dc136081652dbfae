/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FILLER_UNITS units of debug information, 300,000 bytes each, as a large program has them: a
 * unit's entry with a name, and behind it nothing but null entries.
 */
	.section .debug_abbrev,"",@progbits
.Labbrev:
	.uleb128 1		/* code */
	.uleb128 0x11		/* DW_TAG_compile_unit */
	.byte 1			/* has children */
	.uleb128 0x03		/* DW_AT_name */
	.uleb128 0x08		/* DW_FORM_string */
	.byte 0, 0
	.byte 0

	.section .debug_info,"",@progbits
	.rept FILLER_UNITS
	.long 299996		/* length behind this word */
	.value 4		/* DWARF version */
	.long .Labbrev
	.byte 8			/* address size */
	.uleb128 1
	.asciz "filler.c"
	.zero 299979
	.endr

	.section .note.GNU-stack,"",@progbits
