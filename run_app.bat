@echo off
rem Starts the web application that setup.bat (or uv_run.bat) installed; the arguments go to it: run_app.bat --port 5001
rem
rem Inside an environment of conda or another venv that has waferwatch, that one is taken where this folder has no .venv.
setlocal EnableExtensions DisableDelayedExpansion
set "program=%~dp0.venv\Scripts\waferwatch.exe"
if exist "%program%" goto start
where waferwatch >nul 2>nul || goto missing
set "program=waferwatch"
:start
"%program%" serve %*
exit /b %errorlevel%
:missing
echo run_app: waferwatch is not installed yet. Run "%~dp0setup.bat" first.>&2
exit /b 1
