//! Intel's matrix units on Linux.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::cell::Cell;
use std::sync::OnceLock;

use super::{Step, Sums};
use crate::bf16::line::{Line, Wide};

/// Proof that the processor has the matrix units and that the system lets this process use
/// them: there is no other way to one than [`Amx::detect`].
#[derive(Clone, Copy, Debug)]
pub struct Amx(());

/// What `ldtilecfg` reads: eight tiles of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    bytes_a_row: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let (mut bytes_a_row, mut rows) = ([0; 16], [0; 16]);
    let mut tile = 0;
    while tile < 8 {
        (bytes_a_row[tile], rows[tile]) = (64, 16);
        tile += 1;
    }
    Configuration { palette: 1, start: 0, reserved: [0; 14], bytes_a_row, rows }
};

thread_local! {
    /// Whether this thread's tiles are configured. Nothing else in the program touches them.
    static CONFIGURED: Cell<bool> = const { Cell::new(false) };
}

impl Amx {
    /// Asks processor and system, once a process.
    pub fn detect() -> Option<Self> {
        static FOUND: OnceLock<bool> = OnceLock::new();
        FOUND.get_or_init(|| has_tiles() && permitted()).then_some(Self(()))
    }

    /// Steps lie within the operands: the caller has checked that.
    pub fn accumulate(self, sums: &mut Sums, fresh: bool, a: &[Line], b: &[Line], steps: &[Step]) {
        CONFIGURED.with(|configured| {
            if !configured.replace(true) {
                // SAFETY: `self` proves that the instruction exists and is permitted. It reads
                // the 64 bytes of a static of that size, and changes tile registers alone.
                unsafe {
                    asm!(
                        "ldtilecfg [{}]", in(reg) &raw const CONFIGURATION,
                        options(nostack, preserves_flags, readonly)
                    );
                }
            }
        });
        // SAFETY:
        // - `self` proves that the instructions exist and are permitted, and this thread's tiles
        //   were configured above as 16 rows of 64 bytes each.
        // - Tile loads of `c` and tile stores touch, from each of the offsets 0, 64, 2048 and
        //   2112, 16 times 64 bytes that are 128 apart: the last byte is 2112 + 15 * 128 + 63 =
        //   4095, and `sums` is 4096 bytes that nobody else has.
        // - Tile loads of operands touch 1024 bytes at 64 times a step's offset and 1024 bytes
        //   after those: the 32 lines that the caller has found to lie in the operand. 64 times
        //   an offset of 32 bits does not overflow 64 bits.
        // - `steps` is read `count` times, 8 bytes each, which is its length; not at all where
        //   it is empty.
        // - All registers that change are named, tiles included; the stack is not touched; flags
        //   may change, which is asm's default; memory is written only at `sums`, of which the
        //   compiler knows that it is borrowed mutably and escapes into the asm block.
        unsafe {
            asm!(
                "test {fresh:e}, {fresh:e}",
                "jnz 2f",
                // Go on with sums: rows 0 to 15 and 16 to 31, columns 0 to 15 and 16 to 31.
                "tileloadd tmm0, [{c} + {wide}*1]",
                "tileloadd tmm1, [{c} + {wide}*1 + 64]",
                "tileloadd tmm2, [{c} + {wide}*1 + 2048]",
                "tileloadd tmm3, [{c} + {wide}*1 + 2112]",
                "jmp 3f",
                "2:",
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "3:",
                "test {count}, {count}",
                "jz 5f",
                "4:",
                // Where the step's lines are: 64 bytes a line.
                "mov {pa:e}, dword ptr [{steps}]",
                "mov {pb:e}, dword ptr [{steps} + 4]",
                "shl {pa}, 6",
                "shl {pb}, 6",
                "add {pa}, {a}",
                "add {pb}, {b}",
                // Two tiles of either operand, four products.
                "tileloadd tmm4, [{pa} + {line}*1]",
                "tileloadd tmm6, [{pb} + {line}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{pb} + {line}*1 + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{pa} + {line}*1 + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {steps}, 8",
                "dec {count}",
                "jnz 4b",
                "5:",
                "tilestored [{c} + {wide}*1], tmm0",
                "tilestored [{c} + {wide}*1 + 64], tmm1",
                "tilestored [{c} + {wide}*1 + 2048], tmm2",
                "tilestored [{c} + {wide}*1 + 2112], tmm3",
                fresh = in(reg) u32::from(fresh),
                c = in(reg) sums.as_mut_ptr(),
                a = in(reg) a.as_ptr(),
                b = in(reg) b.as_ptr(),
                steps = inout(reg) steps.as_ptr() => _,
                count = inout(reg) steps.len() => _,
                wide = in(reg) size_of::<Wide>(),
                line = in(reg) size_of::<Line>(),
                pa = out(reg) _,
                pb = out(reg) _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack)
            );
        }
    }
}

/// Whether the processor multiplies tiles of bf16, and the system keeps their registers.
fn has_tiles() -> bool {
    let extended = __cpuid(1).ecx & (1 << 27) != 0;
    if !extended || __cpuid(0).eax < 7 {
        return false;
    }
    // SAFETY: the bit above says that the system has enabled the instruction.
    let kept = unsafe { xcr0() };
    let features = __cpuid_count(7, 0).edx;
    let (bf16, tile) = (1 << 22, 1 << 24);
    kept & TILES == TILES && features & (bf16 | tile) == bf16 | tile
}

/// Bits of the tiles' configuration and data.
const TILES: u64 = 0b11 << 17;

/// Which registers the system keeps.
#[target_feature(enable = "xsave")]
unsafe fn xcr0() -> u64 {
    // SAFETY: the caller's promise; register 0 always exists.
    unsafe { _xgetbv(0) }
}

/// Asks Linux for the tiles' registers, which it gives to processes that ask.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XFEATURE_XTILEDATA: u64 = 18;
    let answer: u64;
    // SAFETY: the call takes two numbers and touches no memory. The kernel changes rax, rcx and
    // r11 alone.
    unsafe {
        asm!(
            "syscall",
            inout("rax") ARCH_PRCTL => answer,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}
