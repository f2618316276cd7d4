# Draws the ring, checks its design rules and extracts its netlists. Runs in magic, in a folder of its own:
#
#   magic -dnull -noconsole -rcfile /dev/null -T demo180.tech layout_drc_ext.tcl < /dev/null
#
# In:  layout.tcl (from ringgen.py), demo180.tech
# Out: drc.rpt         design rule report; complete if its last line is `end of report`
#      ring_lvs.spice  netlist for layout versus schematic
#      ring_pex.spice  netlist with the wires' capacitances, for simulation
#      ring.mag, ring.gds
#
# Magic goes on after an error, without a technology and with an empty cell, and then counts 0 violations and exits
# with 0. So every step here is inside one `catch`, which turns an error into exit status 3, and what magic takes
# silently (another technology, an empty cell, no transistors) is looked for and made an error.

set cell ring
set technology demo180

# Ends the script as an error.
proc refuse {reason} { error $reason }

proc check_technology {expected} {
    set loaded [tech name]
    if {$loaded ne $expected} { refuse "technology $expected is not loaded (magic has '$loaded')" }
}

proc draw {cell} {
    load $cell
    if {![file readable layout.tcl]} { refuse "cannot read layout.tcl" }
    uplevel #0 { source layout.tcl }
    select top cell
    expand
    save $cell
    gds write $cell.gds
}

# Returns the area of the cell in square micrometres.
proc cell_area {} {
    select top cell
    lassign [box values] left bottom right top
    set micron [cif scale out]
    return [expr {($right - $left) * ($top - $bottom) * $micron * $micron}]
}

# Returns how many transistors a netlist holds.
proc transistors {netlist} {
    set file [open $netlist]
    set count [regexp -all -line {^X.*[np]fet_03v3} [read $file]]
    close $file
    return $count
}

proc write_netlists {cell} {
    extract all
    ext2spice lvs
    ext2spice -o ${cell}_lvs.spice
    # `lvs` has switched the hierarchy on, which loses the capacitances of the nodes, and `scale` would write an
    # option that breaks models made of subcircuits.
    ext2spice default
    ext2spice format ngspice
    ext2spice scale off
    ext2spice subcircuit top on
    ext2spice hierarchy off
    ext2spice cthresh 0
    ext2spice -o ${cell}_pex.spice
    foreach netlist [list ${cell}_lvs.spice ${cell}_pex.spice] {
        if {[transistors $netlist] == 0} { refuse "$netlist holds no transistor" }
    }
}

proc check_rules {cell report} {
    select area
    if {[llength [lindex [what -list] 0]] == 0} { refuse "cell $cell is empty" }
    set area [cell_area]
    drc style default
    drc on
    drc euclidean on
    drc check
    drc catchup
    set count [drc list count total]
    if {![string is integer -strict $count]} { refuse "magic gave no count of violations but '$count'" }

    set micron [cif scale out]
    set line [string repeat - 40]
    set file [open $report w]
    puts $file "$cell count: $count"
    puts $file $line
    foreach {rule boxes} [drc listall why] {
        puts $file $rule
        puts $file $line
        foreach box $boxes {
            foreach edge $box { puts -nonewline $file [format " %.3fum" [expr {$edge * $micron}]] }
            puts $file ""
        }
        puts $file $line
    }
    puts $file [format "cell area: %.4f um2" $area]
    puts $file "end of report"
    close $file
}

if {[catch {
    check_technology $technology
    draw $cell
    check_rules $cell drc.rpt
    write_netlists $cell
} reason]} {
    puts stderr "STAGE_ERROR $reason"
    exit 3
}
puts "STAGE_OK"
quit -noprompt
