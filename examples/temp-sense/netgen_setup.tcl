# How netgen compares the ring's layout with its schematic:
#
#   netgen-lvs -batch lvs "ring_lvs.spice ring" "ring.spice ring" netgen_setup.tcl lvs.rpt -json < /dev/null
#
# A transistor's source and drain may be swapped; width and length must agree within 1 %.
#
# Netgen compares by its default rules when this file is missing, and passes over an error in it: both end in "match"
# and exit status 0. So an error here ends netgen with status 3, and the last step writes lvs_setup.rpt: without that
# file, or with an empty one, the comparison had other rules than these.

set tolerance 0.01

if {[catch {
    set rules [open lvs_setup.rpt w]
    foreach circuit {1 2} {
        # Without `-all` the list leaves out the transistors.
        set cells [cells list -all -circuit$circuit]
        foreach device {nfet_03v3 pfet_03v3} {
            # A netlist without this kind of transistor has no such cell; the comparison itself will say so.
            if {[lsearch -exact $cells $device] < 0} { continue }
            set name "-circuit$circuit $device"
            permute $name 1 3
            property $name tolerance [list w $tolerance] [list l $tolerance]
            puts $rules "circuit $circuit: $device: source and drain permutable, w and l within $tolerance"
        }
    }
    close $rules
} reason]} {
    puts stderr "STAGE_ERROR $reason"
    exit 3
}
