# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of epcache and refresh-entrypoints-cache for fish.

# Is the command line of one of these commands?
function __epcache_is
    set -l words (commandline -opc)
    string match -qr '(^|/)refresh-entrypoints-cache$' -- $words[1]
    and set words epcache refresh
    contains -- "$words[2]" $argv
end

function __epcache_has_none
    test (count (commandline -opc)) -eq 1
end

# The first field of what a query prints: groups, or the names of one.
function __epcache_print
    epcache query --quiet $argv 2>/dev/null | cut -f 1 | sort -u
end

# What stands before the cursor: "arguments" prints what is no option, nor a value of
# one; "where" prints the options that say what is to be read.
function __epcache_words
    set -l option
    set -l options 1
    for word in (commandline -opc)[3..-1]
        if test -n "$option"
            __epcache_where $argv[1] $option $word
            set option
        else if test $options -eq 0
            test $argv[1] = where; or echo -- $word
        else if test "$word" = --
            set options 0
        else if contains -- $word --path --python --check --venv --root --cache-dir
            set option $word
        else if string match -qr -- '^--[a-z-]+=' $word
            __epcache_where $argv[1] (string split -m 1 = -- $word)
        else if not string match -q -- '-*' $word
            test $argv[1] = where; or echo -- $word
        end
    end
end

function __epcache_where
    test $argv[1] = where
    and contains -- $argv[2] --path --root --cache-dir
    and echo -- $argv[2]=(string replace -r '^~/' "$HOME/" -- $argv[3])
end

function __epcache_ask
    set -l arguments (__epcache_words arguments)
    set -l where (__epcache_words where)
    switch (count $arguments)
        case 0
            __epcache_print $where --all
        case 1
            __epcache_print $where -- $arguments[1]
    end
end

# May an argument follow, with none of these options before the cursor?
function __epcache_without
    for word in (commandline -opc)
        test "$word" = --; and return 0
        for option in $argv
            string match -qr -- "^--$option(=|\$)" $word; and return 1
        end
    end
    true
end

function __epcache_is_first
    test (count (__epcache_words arguments)) -eq 0
end

# Is it "actions" with one of these, and nothing behind it?
function __epcache_verb
    set -l words (__epcache_words arguments)
    __epcache_is actions
    and test (count $words) -eq 1
    and contains -- $words[1] $argv
end

set -l report refresh query explain status verify dump clean owner actions
set -l all $report trigger

complete -c epcache -f -n __epcache_has_none -a refresh -d 'Bring cache files up to date'
complete -c epcache -f -n __epcache_has_none -a query -d 'Print entry points'
complete -c epcache -f -n __epcache_has_none -a explain -d 'Say where an entry point comes from'
complete -c epcache -f -n __epcache_has_none -a status -d 'Say how each directory would be read'
complete -c epcache -f -n __epcache_has_none -a verify -d 'Tell what differs from the cache'
complete -c epcache -f -n __epcache_has_none -a dump -d 'Print a cache file as JSON'
complete -c epcache -f -n __epcache_has_none -a clean -d 'Remove useless cache files'
complete -c epcache -f -n __epcache_has_none -a owner -d 'Say which package owns what'
complete -c epcache -f -n __epcache_has_none -a actions -d 'List or run registered programs'
complete -c epcache -f -n __epcache_has_none -a trigger -d "Refresh from a package manager's hook"
complete -c epcache -f -n __epcache_has_none -l version -d 'Print the version'
complete -c epcache -f -n __epcache_has_none -s h -l help -d 'Print the commands'

complete -c epcache -n '__epcache_is query; and __epcache_without all' -a '(__epcache_ask)'
complete -c epcache -n '__epcache_is explain' -a '(__epcache_ask)'
complete -c epcache -n '__epcache_is status; and __epcache_without config' -a '(__fish_complete_directories)'
complete -c epcache -n '__epcache_is verify' -a '(__fish_complete_directories)'
complete -c epcache -n '__epcache_is trigger; and __epcache_is_first' -a 'rpm pacman dpkg'
complete -c epcache -n '__epcache_is actions; and __epcache_is_first' -a 'list run check output'
complete -c epcache -n '__epcache_is actions; and __epcache_verb run output' -a '(epcache actions list 2>/dev/null | cut -f 1)'
complete -c epcache -n '__epcache_verb check' -F
complete -c epcache -n "__epcache_is $all; and not __epcache_is dump; and not __epcache_verb check" -f
complete -c epcache -n '__epcache_is dump; and not __epcache_is_first' -f

for name in epcache refresh-entrypoints-cache
    set -l is complete -c $name -n

    $is '__epcache_is refresh; and __epcache_without system user venv python' -a '(__fish_complete_directories)'

    $is '__epcache_is query explain owner' -l path -x -a '(__fish_complete_directories)' -d 'Take this as sys.path'
    $is '__epcache_is query explain' -l check -x -a 'auto strict fast live' -d 'How to check a cache'
    $is '__epcache_is refresh query explain owner' -l python -r -d 'Ask this interpreter for its sys.path'
    $is '__epcache_is query' -l all -d 'The entry points of all groups'
    $is '__epcache_is query' -l dist -x -d 'Only those of this distribution'
    $is '__epcache_is query' -s 0 -l null -d 'End each field with a NUL byte'
    $is '__epcache_is refresh' -l system -d "Those of the system's Python"
    $is '__epcache_is refresh' -l user -d "The user's own directory"
    $is '__epcache_is refresh' -l venv -x -a '(__fish_complete_directories)' -d 'A virtual environment'
    $is '__epcache_is refresh' -l force -d 'Read again what is unchanged'
    $is '__epcache_is refresh' -l reproducible -d 'Equal bytes for equal content'
    $is '__epcache_is actions' -l force -d 'Run also what is unchanged'
    $is '__epcache_is refresh clean actions' -l dry-run -d 'Write nothing'
    $is '__epcache_is query status' -l owner -d 'Add which packages own the distributions'
    $is '__epcache_is owner' -l unowned -d 'What no package owns'
    $is '__epcache_is status' -l config -d 'The configuration, and where it comes from'
    $is "__epcache_is $all" -l root -x -a '(__fish_complete_directories)' -d 'The system in a folder'
    $is "__epcache_is $all" -l cache-dir -x -a '(__fish_complete_directories)' -d 'Cache files only there'
    $is "__epcache_is $report" -l json -d 'Print JSON'
    $is "__epcache_is $report" -s q -l quiet -d 'Print no warnings'
    $is "__epcache_is $all" -l version -d 'Print the version'
    $is "__epcache_is $report" -s v -l verbose -d 'Print what is done'
    $is "__epcache_is $all" -s h -l help -d 'Print the options'
end
complete -c refresh-entrypoints-cache -f
