# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gosync_global_optspecs
    string join \n u/user= g/group= f/file= root= writer= nowait wait= force q/quiet v/verbose log-format= color= h/help V/version
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

complete -c gosync -n "__fish_gosync_needs_command" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_needs_command" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_needs_command" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_needs_command" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_needs_command" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_needs_command" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_needs_command" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_needs_command" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_needs_command" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_needs_command" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_needs_command" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_needs_command" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_needs_command" -s V -l version -d 'Print version'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "sync" -d 'Bring accounts and groups in step with the provider'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "follow" -d 'Keep accounts and groups in step until it is stopped'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "deluser" -d 'Remove accounts that gosync made'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "adopt" -d 'Adopt accounts or groups that already exist on this host'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "rebind" -d 'Tie accounts or groups to other records of the provider'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "release" -d 'Release accounts or groups, so that this host owns them'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "lock" -d 'Lock accounts now, whatever the provider says'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "unlock" -d 'End a lock by `gosync lock`, so that the provider decides again'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "ledger" -d 'Back up, restore, verify, rebuild or reset the ledger'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "drift" -d 'Show what was changed by hand, and what the next run does about it'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "export" -d 'Write gosync\'s accounts and groups for other hosts and programs'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "record" -d 'Record the provider\'s answer in a file, to examine it elsewhere'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "replay" -d 'Plan from a file that `gosync record` wrote'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "takeover" -d 'Have this host write to the directory, in the place of another one'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "group" -d 'Work on the groups at the provider'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "user" -d 'Work on the people at the provider'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "status" -d 'Show configuration, provider, what gosync owns, and who holds the lock'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "accounts" -d 'List accounts and groups that are owned, locked, missing, refused or released'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "list" -d 'List accounts and groups that are owned, locked, missing, refused or released'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "doctor" -d 'Check everything that gosync depends on, and say how to fix what is wrong'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "init" -d 'Write the few lines that a kind of provider needs'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "check" -d 'Check a configuration, without privilege and without a host'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "shell" -d 'Read commands from a prompt or from standard input'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "keys" -d 'Print the SSH keys of an account, for sshd'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "waitlock" -d 'Wait until no other run holds the lock'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "history" -d 'Show which runs changed what'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "why" -d 'Explain an account or a group: by which record and which rules it is as it is, or is refused'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "undo" -d 'Restore what a run changed to its state before the run'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "plan" -d 'Write the plan of a sync to a file, for `gosync apply`'
complete -c gosync -n "__fish_gosync_needs_command" -f -a "apply" -d 'Carry out a plan that `gosync plan` wrote'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l splay -d 'Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l remind -d 'Report a failure that lasts once in this time only, such as 6h, and when it is over' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l target -d 'Bring only this target in step, one of `targets` in [gosync]; may be given several times' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l new -d 'Only make accounts for people who have none; sync groups as usual'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l full -d 'Read everything, even if nothing seems to have changed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l new-ledger -d 'Begin a new ledger, in place of one that is lost or belongs to another host'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -f -a "users" -d 'Bring accounts in step with the provider\'s people'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and not __fish_seen_subcommand_from users groups" -f -a "groups" -d 'Bring groups and their members in step with the provider'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l only -d 'Only these people, by the provider\'s login' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l splay -d 'Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l remind -d 'Report a failure that lasts once in this time only, such as 6h, and when it is over' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l target -d 'Bring only this target in step, one of `targets` in [gosync]; may be given several times' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l new -d 'Only people who have no account yet'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l updated -d 'Only people who have an account'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l full -d 'Read everything, even if nothing seems to have changed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l new-ledger -d 'Begin a new ledger, in place of one that is lost or belongs to another host'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l splay -d 'Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l remind -d 'Report a failure that lasts once in this time only, such as 6h, and when it is over' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l target -d 'Bring only this target in step, one of `targets` in [gosync]; may be given several times' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l full -d 'Read everything, even if nothing seems to have changed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l new-ledger -d 'Begin a new ledger, in place of one that is lost or belongs to another host'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand sync; and __fish_seen_subcommand_from groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l every -d 'Read the provider at least this often, such as 60s' -r
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand follow" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand follow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l archive-home -d 'Pack the home directory into a file in this directory, then remove it' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l forget -d 'Leave the account as it is, and stop owning it'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l remove-home -d 'Remove the home directory with everything in it'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand deluser" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l by -d 'With --all: how an account is matched to a record' -r -f -a "login\t'By the name that the record would give it here'
uid\t'By the uid, or the gid'"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l as -d 'The record to adopt it for: the person\'s login, or the group\'s name, at the provider' -r
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l kind -d 'What the names are names of' -r -f -a "account\t'An account'
group\t'A group'"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l all -d 'Adopt all accounts and groups that the provider also has'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand adopt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l to -d 'The name of the new record at the provider' -r
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l by -d 'With --all: how an account is matched to its new record' -r
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l from -d 'With --all: only accounts and groups of this provider, whether it is still configured or not' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l kind -d 'What the name is a name of' -r -f -a "account\t'An account'
group\t'A group'"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l all -d 'Rebind all accounts and groups whose record is gone'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand rebind" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l kind -d 'What the names are names of' -r -f -a "account\t'An account'
group\t'A group'"
complete -c gosync -n "__fish_gosync_using_subcommand release" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand release" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand release" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand release" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand release" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand release" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand release" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand release" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand release" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand release" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand release" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand release" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand release" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand release" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand release" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l reason -d 'The reason, shown by `why`, `status` and `history`' -r
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand lock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -f -a "backup" -d 'Copy the ledger into a file'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -f -a "restore" -d 'Replace the ledger by a copy'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -f -a "verify" -d 'Check whether the ledger, or a copy, is sound'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -f -a "rebuild" -d 'Rebuild the ledger from this host and the provider\'s records'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and not __fish_seen_subcommand_from backup restore verify rebuild reset" -f -a "reset" -d 'Remove a ledger of which nothing is left on this host'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s n -l dry-run -l noupdate -d 'Only verify the copy, and report what it does not know'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l from -d 'Ask this, too, whose accounts are: the directory that this host fills' -r -f -a "directory\t'The targets of the kind `ldap`'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from rebuild" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s n -l dry-run -l noupdate -d 'Only check whether anything is left'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand ledger; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l format -d 'Print it in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l exit-code -d 'End with status 4 if something differs'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand drift" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand export" -l format -d 'Write it in this format' -r -f -a "directory\t'A directory document, as the providers `file`, `command` and `http` read it'
passwd\t'Lines of passwd(5)'
group\t'Lines of group(5)'"
complete -c gosync -n "__fish_gosync_using_subcommand export" -s o -l output -d 'Write it to this file instead of standard output' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand export" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand export" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand export" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand export" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand export" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand export" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand export" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand export" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand export" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand export" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand export" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand export" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand record" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand record" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand record" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand record" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand record" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand record" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand record" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand record" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand record" -l hide-names -d 'Replace people\'s names'
complete -c gosync -n "__fish_gosync_using_subcommand record" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand record" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand record" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand record" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l exit-code -d 'End with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s n -l dry-run -l noupdate -d 'Only show who writes, and what would be known then'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s y -l yes -d 'Do not ask'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand takeover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "accept" -d 'Approve people who asked to join'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "admin" -d 'Make people administrators of a group'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "delmember" -d 'End the membership of people in a group'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "get" -d 'Print names and ids of groups'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "list" -d 'List groups for people and for web pages'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "manager" -d 'Make people managers of a group'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "member" -d 'Make people members of a group'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "members" -d 'Print the members of groups, with their status'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "new" -d 'Make groups'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "syncdesc" -d 'Send the descriptions of groups to the provider'
complete -c gosync -n "__fish_gosync_using_subcommand group; and not __fish_seen_subcommand_from accept admin delmember get list manager member members new syncdesc syncpolicy" -f -a "syncpolicy" -d 'Send the policies of groups to the provider'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from accept" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from admin" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from delmember" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l baseurl -d 'Prefix of the address of each group; its id is appended' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l portal -d 'Make the address of each group https://HOST/Groups#id=ID' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l format -d 'The output format; without it, a table on a terminal, otherwise `format` of [catalogue], by default html' -r -f -a "html\t'A table for a web page'
csv\t'Comma-separated values'
xml\t'Elements'
json\t'One object'
text\t'An aligned table'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from manager" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from member" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from members" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l parent -d 'Make the groups below this one' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l top -d 'Make top-level groups, even if their names have dots'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncdesc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand group; and __fish_seen_subcommand_from syncpolicy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand user; and not __fish_seen_subcommand_from dump" -f -a "dump" -d 'Print people and the groups that they are in'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s t -l type -d 'The output format' -r -f -a "json\t'One object'
csv\t'Comma-separated values'"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l all -d 'Include people who are not active, or not active members of the top group'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l details -d 'Include uid, home, shell, time of the last change and SSH keys'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand user; and __fish_seen_subcommand_from dump" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand status" -l max-age -d 'Report a problem if the last complete read is older than this, such as 1h; by default 2d' -r
complete -c gosync -n "__fish_gosync_using_subcommand status" -l format -d 'Print it in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand status" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand status" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand status" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand status" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand status" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand status" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand status" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand status" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand status" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand status" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand status" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand status" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l state -d 'Only those in this state' -r -f -a "owned\t'Owned by gosync, also if it is locked or its person is missing'
locked\t'Locked by gosync'
missing\t'Absent from the last complete reads, and not yet locked'
refused\t'Refused by the last sync'
released\t'Released to this host'"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l format -d 'Print it in this format' -r -f -a "text\t'For people'
json\t'For programs'
csv\t'Comma-separated values'"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand accounts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand list" -l state -d 'Only those in this state' -r -f -a "owned\t'Owned by gosync, also if it is locked or its person is missing'
locked\t'Locked by gosync'
missing\t'Absent from the last complete reads, and not yet locked'
refused\t'Refused by the last sync'
released\t'Released to this host'"
complete -c gosync -n "__fish_gosync_using_subcommand list" -l format -d 'Print it in this format' -r -f -a "text\t'For people'
json\t'For programs'
csv\t'Comma-separated values'"
complete -c gosync -n "__fish_gosync_using_subcommand list" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand list" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand list" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand list" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand list" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand list" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand list" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand list" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand list" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand list" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand list" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand list" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l format -d 'Print the findings in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l offline -d 'Do not ask the provider, nor a directory that is a target'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l full -d 'Read all people and groups, not only a page of each'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand init" -l name -d 'The name of its section, [provider.NAME]' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l url -d 'Where the server is' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l base -d 'The entry below which people and groups are, with `ldap`' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l bind-dn -d 'The DN that gosync binds as, with `ldap`' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l set -d 'Set any key of the section' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -s o -l output -d 'Write to this new file, which only its owner may read' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand init" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand init" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand init" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand init" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand init" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand init" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand init" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand init" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand init" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand init" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand init" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand check" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand check" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand check" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand check" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand check" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand check" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand check" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand check" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand check" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand check" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand check" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand check" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand shell" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand shell" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand keys" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand keys" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand waitlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand history" -l limit -d 'Show this many runs, the newest first' -r
complete -c gosync -n "__fish_gosync_using_subcommand history" -l format -d 'Show it in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand history" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand history" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand history" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand history" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand history" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand history" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand history" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand history" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand history" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand history" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand history" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand history" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand why" -l format -d 'Show it in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand why" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand why" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand why" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand why" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand why" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand why" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand why" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand why" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand why" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand why" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand why" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand why" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s o -l output -d 'Write the plan to this file' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -f -a "users" -d 'Bring accounts in step with the provider\'s people'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and not __fish_seen_subcommand_from users groups" -f -a "groups" -d 'Bring groups and their members in step with the provider'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l only -d 'Only these people, by the provider\'s login' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l splay -d 'Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l remind -d 'Report a failure that lasts once in this time only, such as 6h, and when it is over' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l target -d 'Bring only this target in step, one of `targets` in [gosync]; may be given several times' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l new -d 'Only people who have no account yet'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l updated -d 'Only people who have an account'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l full -d 'Read everything, even if nothing seems to have changed'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l new-ledger -d 'Begin a new ledger, in place of one that is lost or belongs to another host'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from users" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l splay -d 'Wait before the run, at most this long, such as 60s; the wait differs between hosts, and is always the same on one host' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l remind -d 'Report a failure that lasts once in this time only, such as 6h, and when it is over' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l target -d 'Bring only this target in step, one of `targets` in [gosync]; may be given several times' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l full -d 'Read everything, even if nothing seems to have changed'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l new-ledger -d 'Begin a new ledger, in place of one that is lost or belongs to another host'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand plan; and __fish_seen_subcommand_from groups" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l format -d 'Report what was done, or would be done, in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l approve -d 'Carry out the plan with this digest even if it exceeds a limit' -r
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s u -l user -d 'Read the provider of the section [provider.NAME]' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s g -l group -d 'Give accounts to the active members of this group' -r -f -a "(__gosync_names)"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s f -l file -d 'Read this configuration; a later one overrides an earlier one' -r -F
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l root -d 'Work on the host whose files are below this directory' -r -f -a "(__fish_complete_directories)"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l writer -d 'Be this host of the section [writers]' -r
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l wait -d 'Wait at most this long for another run, such as 30s' -r
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l log-format -d 'Write the log in this format' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l color -d 'Colour the signs and counts of plans' -r -f -a "auto\t'On a terminal, unless the environment says otherwise'
always\t'Even if standard output is not a terminal'
never\t'Never'"
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l fresh -d 'Read the provider again, and refuse if the plan would now be different'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s n -l dry-run -l noupdate -d 'Show the exact plan and write nothing'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l exit-code -d 'End a dry run with status 4 if changes are pending'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l strict -d 'End with status 3 if records were rejected or hooks failed'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l retry-hooks -d 'Retry all failed hooks, including those that were given up'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s y -l yes -d 'Do not ask for confirmation'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l root-hooks -d 'With --root: run hooks, on this host, for the changes below that directory'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l nowait -l nw -d 'Exit at once with status 11 if another run holds the lock'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -l force -d 'Treat every record as changed, and override checks that can be overridden'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s q -l quiet -d 'Print no notices; warnings and errors remain'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s v -l verbose -d 'Log more to standard error; with -vv also each search, as a line for a shell'
complete -c gosync -n "__fish_gosync_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'

# Names come from the program, which reads the configuration and the ledger.
function __gosync_names
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    $program complete-words $words (commandline -ct) 2>/dev/null </dev/null | string replace -r -- '^--[^=]*=' ''
end

function __gosync_finds_names
    set -g __gosync_found (__gosync_names)
    test -n "$__gosync_found"
end

complete -c gosync -n __gosync_finds_names -f -a '$__gosync_found'
