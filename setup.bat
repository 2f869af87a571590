@echo off
rem Installs waferwatch with Python's own venv and pip, into .venv of this folder. uv_run.bat does the same faster.
rem
rem   setup.bat            installs
rem   setup.bat --torch    adds torch: for official checkpoints, training and GPUs
rem   run_app.bat          starts the web application afterwards
rem
rem Nothing is installed outside this folder. Works from any folder and may be run again at any time.
setlocal EnableExtensions DisableDelayedExpansion
set "here=%~dp0"
set "here=%here:~0,-1%"
set "python=%here%\.venv\Scripts\python.exe"

if "%~1"=="" goto options_are_known
if "%~1"=="--torch" goto options_are_known
echo setup: The only option is --torch, not "%~1".>&2
exit /b 1
:options_are_known

"%python%" -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul || goto make_environment
"%python%" -m pip --version >nul 2>nul || goto make_environment
goto install_packages

:make_environment
call :find_python
if errorlevel 1 exit /b 1
echo setup: Making .venv ...>&2
if exist "%here%\.venv" rmdir /s /q "%here%\.venv"
%found% -m venv "%here%\.venv" || goto no_environment

:install_packages
echo setup: Installing the packages of requirements.txt into .venv ...>&2
"%python%" -m pip install --quiet --disable-pip-version-check --require-hashes -r "%here%\requirements.txt" || goto not_installed
rem uv_run.bat looks again at what is in .venv.
if exist "%here%\.venv\waferwatch-stamp" del "%here%\.venv\waferwatch-stamp"
"%python%" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e "%here%" || goto not_installed
if not "%~1"=="--torch" goto done
echo setup: Adding torch ...>&2
cd /d "%here%" || exit /b 1
"%python%" -m pip install --quiet --disable-pip-version-check --no-build-isolation -e ".[torch]" || goto not_installed
:done
echo setup: Done. Start the web application with: "%here%\run_app.bat">&2
exit /b 0

:find_python
set "found=py -3"
%found% -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if %errorlevel% equ 0 exit /b 0
set "found=python"
%found% -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if %errorlevel% equ 0 exit /b 0
echo setup: waferwatch needs Python 3.11 or newer, and none was found. Install it, then run this again.>&2
exit /b 1

:no_environment
echo setup: The environment could not be made; the lines above say why.>&2
exit /b 1

:not_installed
echo setup: The packages could not be installed; the lines above say why.>&2
echo setup: Without internet access, see "Without internet access" in README.md.>&2
exit /b 1
