//! Gives up every capability, for good.

use rustix::thread::{self, CapabilitiesSecureBits, CapabilitySet, CapabilitySets};

use super::{Broken, at};

/// The highest capability that any kernel could have.
const HIGHEST: u64 = 63;

/// Nothing is left that this process, or what it executes, could do beyond what its user may.
pub(super) fn drop_all() -> Result<(), Broken> {
    let step = "give up privileges";
    thread::set_no_new_privs(true).map_err(at(step))?;
    thread::clear_ambient_capability_set().map_err(at(step))?;
    let held = thread::capabilities(None).map_err(at(step))?;
    if held.effective.contains(CapabilitySet::SETPCAP) {
        // Root is nobody special any more; without these bits, executing a program as root would bring all back.
        let bits = CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
        thread::set_capabilities_secure_bits(bits).map_err(at(step))?;
        for number in 0..=HIGHEST {
            match thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
                Ok(()) => {}
                // The kernel does not know it, nor any that is higher.
                Err(rustix::io::Errno::INVAL) => break,
                Err(error) => return Err(at(step)(error)),
            }
        }
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    thread::set_capabilities(None, none).map_err(at(step))
}
