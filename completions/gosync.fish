# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gosync_global_optspecs
    string join \n u/user= g/group= f/file= root= nowait wait= force q/quiet v/verbose log-format= h/help V/version
end

function __fish_gosync_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_gosync_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_gosync_using_subcommand
    set -l cmd (__fish_gosync_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c gosync -n "__fish_gosync_needs_command" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_needs_command" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_needs_command" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_needs_command" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_needs_command" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_needs_command" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_needs_command" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_needs_command" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_needs_command" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_needs_command" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_needs_command" -s V -l version -d 'Print version'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "sync" -d 'Bring accounts or groups in step with the provider'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "deluser" -d 'Remove accounts that gosync made'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "waitlock" -d 'Wait until no other run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -f -a "users" -d 'Bring accounts in step with the people of the provider'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -f -a "groups" -d 'Bring groups and their members in step with the provider'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l only -d 'Only these people, by the provider\'s login' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l format -d 'Show the plan of a dry run in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l approve -d 'Let the plan with this digest through, though it goes over a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l new -d 'Only people who have no account yet'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l updated -d 'Only people who have an account'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l strict -d 'End with status 3 if records were rejected'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l format -d 'Show the plan of a dry run in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l approve -d 'Let the plan with this digest through, though it goes over a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l strict -d 'End with status 3 if records were rejected'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l archive-home -d 'Pack the home into a file of this directory, then remove it' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l format -d 'Show the plan of a dry run in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l approve -d 'Let the plan with this digest through, though it goes over a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l forget -d 'Leave the account as it is and only forget that gosync made it'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l remove-home -d 'Remove the home with all that is in it'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l strict -d 'End with status 3 if records were rejected'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s g -l group -d 'Give accounts to the active members of this group' -r
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l wait -d 'Wait at most so long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l nowait -l nw -d 'Leave at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l force -d 'Treat every record as changed, and go on where a check can be overruled'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s v -l verbose -d 'Log more to standard error; twice and three times: more still'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s h -l help -d 'Print help (see more with \'--help\')'
