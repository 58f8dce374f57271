@echo off
rem install-task.cmd - let the Task Scheduler of Windows start hfcron every few
rem minutes.  /help is the help.
rem
rem Values are read with delayed expansion off, so that ! stays what it is, and
rem shown with it on, so that & does.  For Wine: no || and no && (it runs both
rem sides), no goto out of a for (%%x is nothing from then on), and no !x:a=b!.
rem What Wine puts in the place of %x% or !x! it reads once more, so that a path
rem with ! or %% in it is lost there; Windows does not.
rem Programs of the system are named in full; others may have theirs in PATH.
setlocal EnableExtensions DisableDelayedExpansion
if "%~1"==":xml" goto print_xml
set "status=0"
set "self=%~f0"
set "here=%~dp0"
set "bin=%SystemRoot%\System32"
set "work=%TEMP%\hfcron-task-%RANDOM%%RANDOM%"
rem Behind a value, to see how long it is: Wine reads on behind the end of one.
set "pad=/////////////////////////"
set "pad=%pad%%pad%%pad%%pad%%pad%%pad%%pad%%pad%"
set "every=5"
for %%v in (config exe name system interactive nobattery network wake dryrun uninstall) do set "%%v="

:next_option
set "option=%~1"
if not defined option goto end_of_options
set "option=%option:"=%"
shift /1
if "%option%"=="/?" goto help
if /i "%option%"=="/help" goto help
set "flag="
for %%o in (system interactive nobattery network wake dryrun uninstall) do if /i "%option%"=="/%%o" set "flag=%%o"
if defined flag set "%flag%=yes"
if defined flag goto next_option
set "key="
for %%o in (every config exe name) do if /i "%option%"=="/%%o" set "key=%%o"
if defined key goto take_value
set "said=unknown option '%option%'; see install-task /help"
goto die_2

:take_value
set "value=%~1"
if not defined value goto no_value
set "value=%value:"=%"
if not defined value goto no_value
if "%value:~0,1%"=="/" goto no_value
shift /1
set "%key%=%value%"
goto next_option

:no_value
set "said=%option% needs a value; see install-task /help"
goto die_2

:end_of_options
if not "%~2"=="" (
	set "said=an empty option; see install-task /help"
	goto die_2
)
set "said="
for %%n in (1 2 3 4 5 6 10 12 15 20 30 60) do if "%every%"=="%%n" set "said=fine"
if not defined said (
	set "said=/every is a number of minutes that divides the hour (1 2 3 4 5 6 10 12 15 20 30 60), not '%every%'"
	goto die_2
)
if defined system if defined interactive (
	set "said=/system and /interactive exclude each other"
	goto die_2
)

rem --- which configuration; the order is hfcron's own

if defined config goto have_config
if defined system goto config_of_system
if defined HFCRON_CONFIG set "config=%HFCRON_CONFIG%"
if not defined config if exist "%APPDATA%\hfcron\hfcron.yaml" set "config=%APPDATA%\hfcron\hfcron.yaml"
:config_of_system
if not defined config if exist "%ProgramData%\hfcron\hfcron.yaml" set "config=%ProgramData%\hfcron\hfcron.yaml"
if defined config goto have_config
if defined uninstall goto name_task
if defined system (
	set "said=/system needs /config FILE, or %ProgramData%\hfcron\hfcron.yaml: what is in your profile is not SYSTEM's"
	goto die_2
)
goto name_task

:have_config
set "file=%config%"
call :refuse_path
if errorlevel 1 goto die_2
for %%f in ("%config%") do set "config=%%~ff"

rem --- what the task is called: one for each user and configuration

:name_task
set "suffix="
if not defined config goto have_suffix
if /i "%config%"=="%ProgramData%\hfcron\hfcron.yaml" goto have_suffix
if not defined system if /i "%config%"=="%APPDATA%\hfcron\hfcron.yaml" goto have_suffix
set "suffix=%config:\=-%"
set "suffix= %suffix::=%"
:have_suffix
if defined name goto have_name
set "name=hfcron-%USERNAME%%suffix%"
if defined system set "name=hfcron-SYSTEM%suffix%"
set "rest=%name%%pad%"
set "rest=%rest:~200%"
set "rest=%rest:/=%"
if defined rest (
	set "said=the path of the configuration is too long for the name of a task; give one with /name"
	goto die_2
)
:have_name
set "said="
for /f "delims=/:*?<>|" %%n in ("%name%") do if not "%%n"=="%name%" set "said=no"
if defined said (
	set "said=the name of a task has none of / : * ? < > |, unlike '%name%'"
	goto die_2
)
if defined uninstall goto uninstall

rem --- which program

if defined exe goto have_exe
if exist "%here%hfcron.exe" set "exe=%here%hfcron.exe"
if defined exe goto have_exe
for %%f in (hfcron.exe) do set "exe=%%~$PATH:f"
if defined exe goto have_exe
set "said=there is no hfcron.exe beside this script or in PATH; name it with /exe"
goto die_2
:have_exe
set "file=%exe%"
call :refuse_path
if errorlevel 1 goto die_2
for %%f in ("%exe%") do (
	set "exe=%%~ff"
	set "attributes=%%~af%%~xf"
)
set "said=/exe '%exe%' is no program"
if not exist "%exe%" goto die_2
if "%attributes:~0,1%"=="d" goto die_2
if /i not "%attributes:~-4%"==".exe" goto die_2
set "rest=%exe%%pad%%pad%"
set "rest=%rest:~258%"
set "rest=%rest:/=%"
if defined rest (
	set "said=the path of the program is longer than the Task Scheduler takes: '%exe%'"
	goto die_2
)

rem --- hfcron check, without the variables that only this window has

for %%v in (HF_TOKEN HUGGING_FACE_HUB_TOKEN HF_TOKEN_PATH HF_ENDPOINT HF_HOME HF_HUB_CACHE HUGGINGFACE_HUB_CACHE HF_HUB_OFFLINE TRANSFORMERS_OFFLINE XDG_CACHE_HOME XDG_STATE_HOME HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE HFCRON_CONFIG) do if defined %%v call :drop_variable %%v
if not defined system goto check
rem ~ and what is looked for unnamed are SYSTEM's; rights are the caller's still.
set "USERPROFILE=%SystemRoot%\System32\config\systemprofile"
set "APPDATA=%USERPROFILE%\AppData\Roaming"
set "LOCALAPPDATA=%USERPROFILE%\AppData\Local"
:check
setlocal EnableDelayedExpansion
if defined config "!exe!" --config "!config!" check >"!work!.txt"
if not defined config "!exe!" check >"!work!.txt"
endlocal & set "status=%errorlevel%"
if "%status%"=="0" goto checked
call :show_utf8
if %status% lss 0 set "status=1"
if %status% gtr 9 set "status=1"
set "said=not installed: 'hfcron check' must be content first"
goto die
:checked
if defined system (
	>&2 echo install-task: note: checked with SYSTEM's folders but with your rights: what only you may read, SYSTEM cannot
)

rem --- the values of the XML

set "user="
for /f "tokens=2 delims=," %%s in ('%bin%\whoami.exe /user /fo csv /nh 2^>nul') do set "user=%%~s"
if not "%user:~0,4%"=="S-1-" set "user=%USERDOMAIN%\%USERNAME%"
if defined system set "user=S-1-5-18"

rem Some second of those minutes, the same at every call for one name on one
rem machine, another on the next: not all ask the Hub at once.
set "letters=0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w x y z"
set "number=0"
for %%c in (%letters%) do (
	set /a "number+=1"
	set /a "number_%%c=number"
)
set "rest=%name%/"
set "sum=0"
:next_letter
set "letter=%rest:~0,1%"
set "rest=%rest:~1%"
if "%letter%"=="/" goto have_sum
set "number=0"
for %%c in (%letters%) do if /i "%letter%"=="%%c" set /a "number=number_%%c"
set /a "sum=(sum * 31 + number) %% 65521"
goto next_letter
:have_sum
set "guid="
for /f "tokens=3" %%g in ('%bin%\reg.exe query HKLM\SOFTWARE\Microsoft\Cryptography /v MachineGuid /reg:64 2^>nul') do set "guid=%%g"
if defined guid set /a "sum+=0x%guid:~0,7%"
set /a "offset=sum %% (every * 60)"
set /a "minute=100 + offset / 60, second=100 + offset %% 60"
set "start=2020-01-01T00:%minute:~1%:%second:~1%"

rem What else XML escapes is in no path and in no name of a user.
set "x_user=%user:&=&amp;%"
set "x_user=%x_user:'=&apos;%"
set "x_exe=%exe:&=&amp;%"
set "x_exe=%x_exe:'=&apos;%"
if not defined config goto escaped
set "x_config=%config:&=&amp;%"
set "x_config=%x_config:'=&apos;%"
:escaped
set "x_logon=S4U"
if defined interactive set "x_logon=InteractiveToken"
set "x_battery=false"
if defined nobattery set "x_battery=true"
set "x_network=false"
if defined network set "x_network=true"
set "x_wake=false"
if defined wake set "x_wake=true"

if not defined dryrun goto install
call :print_xml
setlocal EnableDelayedExpansion
echo schtasks /create /tn "!name!" /xml FILE /f
endlocal
set "status=0"
goto done

:install
call :refuse_foreign
if errorlevel 1 goto die
call :write_xml
if errorlevel 1 goto die
setlocal EnableDelayedExpansion
"%bin%\schtasks.exe" /create /tn "!name!" /xml "!work!.xml" /f >nul
endlocal & set "status=%errorlevel%"
if not "%status%"=="0" goto refused
setlocal EnableDelayedExpansion
>&2 echo install-task: task "!name!" starts hfcron every !every! minutes
>&2 echo install-task: schtasks /run /tn "!name!" starts it now; hfcron doctor tells whether all is well
endlocal
set "status=0"
goto done

:refused
set "status=1"
set "said=the Task Scheduler refused the task '%name%'; in a prompt opened with 'Run as administrator' it may take it"
if not defined system if not defined interactive set "said=%said%, or with /interactive (only while you are logged on) without"
goto die

rem --- taking it away

:uninstall
call :refuse_foreign
if errorlevel 1 goto die
if defined dryrun (
	echo schtasks /delete /tn "%name%" /f
	set "status=0"
	goto done
)
setlocal EnableDelayedExpansion
"%bin%\schtasks.exe" /delete /tn "!name!" /f >nul 2>"!work!.err"
endlocal & set "status=%errorlevel%"
set "said=removed the task '%name%'"
if "%status%"=="0" goto say
rem Of what is there, a query has something to say.
set "said=there is no task '%name%', or none that you may see"
set "status=0"
if not defined there goto say
type "%work%.err" >&2
set "status=1"
set "said=cannot remove the task '%name%'; a prompt opened with 'Run as administrator' may be needed"
goto die

rem --- ends

:die_2
set "status=2"
:die
:say
setlocal EnableDelayedExpansion
>&2 echo install-task: !said!
endlocal
:done
for %%f in ("%work%.xml" "%work%.txt" "%work%.err" "%work%.reg") do if exist %%f del %%f
exit /b %status%

rem --- parts

rem What the Task Scheduler or a batch file would take for something else.
:refuse_path
set "said="
for /f "delims=*?<>|" %%p in ("%file%") do if not "%%p"=="%file%" set "said=no"
if defined said (
	set "said=no path: '%file%'"
	exit /b 1
)
for /f "tokens=1,2* delims=%%" %%p in ("%file%") do if not "%%r"=="" set "said=no"
if defined said (
	set "said=the Task Scheduler would take what stands between percent signs for a variable: '%file%'"
	exit /b 1
)
exit /b 0

rem What hfcron writes to a file is UTF-8, whatever this window's code page is.
:show_utf8
call :read_page
"%bin%\chcp.com" 65001 >nul 2>nul
type "%work%.txt" >&2
call :restore_page
exit /b 0

:read_page
set "page="
for /f "tokens=2 delims=:." %%p in ('%bin%\chcp.com') do set /a "page=%%p"
exit /b 0

:restore_page
if defined page if not "%page%"=="0" "%bin%\chcp.com" %page% >nul 2>nul
exit /b 0

rem The scheduler gives a task the variables of the user and of the machine, and
rem none of this window.  Never copied: a token would be for all to see there.
:drop_variable
if defined system goto machine_variable
%bin%\reg.exe query HKCU\Environment /v %1 >nul 2>nul
if not errorlevel 1 exit /b 0
:machine_variable
%bin%\reg.exe query "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment" /v %1 >nul 2>nul
if not errorlevel 1 exit /b 0
set "%1="
>&2 echo install-task: note: %1 is set in this window, and the task will not have it: say it in hfcron.yaml, or among the variables of the account
exit /b 0

rem A task of that name that somebody else made stays what it is.  there: a query
rem had something to say (under Wine it never has).
:refuse_foreign
set "there="
setlocal EnableDelayedExpansion
"%bin%\schtasks.exe" /query /tn "!name!" /xml >"!work!.txt" 2>nul
endlocal
for %%f in ("%work%.txt") do if %%~zf gtr 0 set "there=yes"
if not defined there exit /b 0
"%bin%\find.exe" "Written by install-task.cmd" <"%work%.txt" >nul
if not errorlevel 1 exit /b 0
set "status=1"
set "said=the task '%name%' was not written by install-task: nothing done"
exit /b 1

rem schtasks takes letters beyond its own code page from UTF-16 with a byte order
rem mark only.  cmd /u writes the one but not the other; what reg exports begins
rem with it, and those two bytes come through code page 1252 as they are.
:write_xml
call :read_page
"%bin%\chcp.com" 1252 >nul
"%bin%\reg.exe" export "HKCU\Control Panel\Mouse" "%work%.reg" /y >nul 2>nul
set "mark="
if exist "%work%.reg" set /p mark=<"%work%.reg"
<nul set /p "=%mark:~0,2%" >"%work%.xml"
call :restore_page
set "size="
for %%f in ("%work%.xml") do set "size=%%~zf"
if not "%size%"=="2" (
	set "status=1"
	set "said=cannot write '%work%.xml'"
	exit /b 1
)
setlocal EnableDelayedExpansion
>>"!work!.xml" "%bin%\cmd.exe" /u /d /s /c ""!self!" :xml"
endlocal
exit /b 0

rem Also called by itself, in a cmd that writes UTF-16.  Every value is named: the
rem defaults are hostile to what runs at night.
:print_xml
setlocal EnableDelayedExpansion
echo ^<?xml version="1.0" encoding="UTF-16"?^>
echo ^<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"^>
echo   ^<RegistrationInfo^>
echo     ^<Author^>hfcron^</Author^>
echo     ^<Description^>Keeps Hugging Face repositories on disk up to date. Written by install-task.cmd; a new call of it may overwrite changes.^</Description^>
echo   ^</RegistrationInfo^>
echo   ^<Triggers^>
echo     ^<TimeTrigger^>
echo       ^<Enabled^>true^</Enabled^>
echo       ^<StartBoundary^>!start!^</StartBoundary^>
echo       ^<Repetition^>
echo         ^<Interval^>PT!every!M^</Interval^>
echo         ^<StopAtDurationEnd^>false^</StopAtDurationEnd^>
echo       ^</Repetition^>
echo     ^</TimeTrigger^>
echo   ^</Triggers^>
echo   ^<Principals^>
echo     ^<Principal id="Author"^>
echo       ^<UserId^>!x_user!^</UserId^>
if not defined system echo       ^<LogonType^>!x_logon!^</LogonType^>
echo       ^<RunLevel^>LeastPrivilege^</RunLevel^>
echo     ^</Principal^>
echo   ^</Principals^>
echo   ^<Settings^>
echo     ^<MultipleInstancesPolicy^>IgnoreNew^</MultipleInstancesPolicy^>
echo     ^<DisallowStartIfOnBatteries^>!x_battery!^</DisallowStartIfOnBatteries^>
echo     ^<StopIfGoingOnBatteries^>!x_battery!^</StopIfGoingOnBatteries^>
echo     ^<AllowHardTerminate^>true^</AllowHardTerminate^>
echo     ^<StartWhenAvailable^>true^</StartWhenAvailable^>
echo     ^<RunOnlyIfNetworkAvailable^>!x_network!^</RunOnlyIfNetworkAvailable^>
echo     ^<IdleSettings^>
echo       ^<StopOnIdleEnd^>false^</StopOnIdleEnd^>
echo       ^<RestartOnIdle^>false^</RestartOnIdle^>
echo     ^</IdleSettings^>
echo     ^<AllowStartOnDemand^>true^</AllowStartOnDemand^>
echo     ^<Enabled^>true^</Enabled^>
echo     ^<Hidden^>true^</Hidden^>
echo     ^<RunOnlyIfIdle^>false^</RunOnlyIfIdle^>
echo     ^<WakeToRun^>!x_wake!^</WakeToRun^>
echo     ^<ExecutionTimeLimit^>PT0S^</ExecutionTimeLimit^>
echo     ^<Priority^>7^</Priority^>
echo   ^</Settings^>
echo   ^<Actions Context="Author"^>
echo     ^<Exec^>
echo       ^<Command^>^&quot;!x_exe!^&quot;^</Command^>
if defined config echo       ^<Arguments^>--config ^&quot;!x_config!^&quot; run^</Arguments^>
if not defined config echo       ^<Arguments^>run^</Arguments^>
echo     ^</Exec^>
echo   ^</Actions^>
echo ^</Task^>
exit /b 0

:help
echo install-task - let the Task Scheduler start hfcron every few minutes.
echo.
echo   install-task                as you, logged on or not, without a password; in a
echo                               prompt opened with "Run as administrator"
echo   install-task /interactive   as you, only while you are logged on; a window
echo                               shows for a moment at every start
echo   install-task /system        as SYSTEM; in an administrator's prompt
echo.
echo   /every MIN     minutes between two starts (5); a divisor of 60
echo   /config FILE   the configuration; else the one hfcron would find.  Each
echo                  configuration, and each user, has a task of its own.
echo   /exe FILE      the program; else hfcron.exe beside this script, or in PATH
echo   /name NAME     what the task is called; else hfcron- and your name
echo   /nobattery     not on batteries: neither start nor go on
echo   /network       start only while there is a network
echo   /wake          wake the computer, for every start
echo   /dryrun        print what would be registered, and change nothing
echo   /uninstall     take the task away again
echo   /help          this text
echo.
echo "hfcron check" must be content first, without the variables that only this
echo window has.  A second call changes nothing.  A start that was missed is made up
echo for once, no second one is started beside a first, and none is ended for taking
echo long.  The second at which it starts depends on the machine and on the name of
echo the task, so that not all ask the Hub at once.  A task without a password reaches neither network
echo drives nor encrypted files; SYSTEM has a home of its own, so that cache_dir,
echo state_dir and token_file should stand in its configuration, with full paths.
echo The check is made with your rights, not with SYSTEM's.
echo.
echo Exit status: 0 done, 1 it could not be registered, 2 wrong options or a broken
echo configuration, 3 a token that cannot be read.
exit /b 0
